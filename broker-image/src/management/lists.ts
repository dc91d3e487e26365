/** Lists as RabbitMQ's API gives them: filtered by name, sorted, in pages, and only the columns that were asked for. */

import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTP_PAGE_ROWS_MAX, PATTERN_STEPS_MAX } from '../limits.ts'
import { compilePattern, type Pattern, patternProblem } from '../pattern/pattern.ts'
import { query } from './context.ts'
import { badRequest } from './http-error.ts'

type Row = { readonly [column: string]: unknown }

const PAGE_ROWS = 100
/** Rows made in one turn of the event loop, so that a long list does not hold up messages. */
const ROWS_A_TURN = 100

/** Sends all items, or one page of them, as rows of `view`. Only a page or a sort needs them all at once. */
export async function sendList<T extends object>(
  request: FastifyRequest,
  reply: FastifyReply,
  items: readonly T[],
  view: (item: T) => Row,
): Promise<FastifyReply> {
  const columns = columnsOf(request)
  const rowOf = (item: T): Row => pick(view(item), columns)
  const named = await filterByName(request, items)
  const ordered = sortRows(request, named, view)
  if (query(request, 'page') === undefined && query(request, 'pagination') !== 'true') {
    return reply.type('application/json').send(Readable.from(jsonChunks(ordered, rowOf)))
  }
  return reply.send(pageOf(request, items.length, ordered, rowOf))
}

/** Sends one object, only with the columns that were asked for. */
export function sendOne(request: FastifyRequest, reply: FastifyReply, row: Row): FastifyReply {
  return reply.send(pick(row, columnsOf(request)))
}

async function* jsonChunks<T>(items: readonly T[], rowOf: (item: T) => Row): AsyncGenerator<string> {
  yield '['
  for (let start = 0; start < items.length; start += ROWS_A_TURN) {
    const chunk = items.slice(start, start + ROWS_A_TURN).map(item => JSON.stringify(rowOf(item)))
    yield (start === 0 ? '' : ',') + chunk.join(',')
    await setImmediate()
  }
  yield ']'
}

async function filterByName<T extends object>(request: FastifyRequest, items: readonly T[]): Promise<readonly T[]> {
  const name = query(request, 'name')
  if (name === undefined || name === '') return items
  const nameOf = (item: T): string => String((item as { name?: unknown }).name ?? '')
  if (query(request, 'use_regex') !== 'true') return items.filter(item => nameOf(item).includes(name))
  const problem = patternProblem(name)
  if (problem !== undefined) throw badRequest(`name should be a regular expression, got ${name}: ${problem}`)
  return matching(items, nameOf, compilePattern(name))
}

/** A pattern may take its time, but not that of all others: after so many steps they have their turn. */
async function matching<T>(items: readonly T[], nameOf: (item: T) => string, pattern: Pattern): Promise<readonly T[]> {
  const found: T[] = []
  let steps = 0
  for (const item of items) {
    if (pattern.test(nameOf(item))) found.push(item)
    steps += pattern.steps
    if (steps < PATTERN_STEPS_MAX) continue
    await setImmediate()
    steps = 0
  }
  return found
}

function sortRows<T>(request: FastifyRequest, items: readonly T[], view: (item: T) => Row): readonly T[] {
  const sort = query(request, 'sort')
  if (sort === undefined || sort === '') return items
  const path = sort.split('.')
  const keyed = items.map(item => ({ item, key: valueAt(view(item), path) }))
  keyed.sort((a, b) => compare(a.key, b.key))
  if (query(request, 'sort_reverse') === 'true') keyed.reverse()
  return keyed.map(({ item }) => item)
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a ?? ''), String(b ?? '')]
  return left < right ? -1 : Number(left > right)
}

function pageOf<T>(request: FastifyRequest, total: number, items: readonly T[], rowOf: (item: T) => Row): Row {
  const page = countFrom(request, 'page', 1)
  const size = countFrom(request, 'page_size', PAGE_ROWS)
  if (size > HTTP_PAGE_ROWS_MAX) throw badRequest(`page_size should be at most ${HTTP_PAGE_ROWS_MAX}`)
  const pages = Math.max(1, Math.ceil(items.length / size))
  if (page > pages) throw badRequest(`page_out_of_range: page ${page} of ${pages}`)
  const rows = items.slice((page - 1) * size, page * size).map(rowOf)
  return {
    filtered_count: items.length,
    item_count: rows.length,
    items: rows,
    page,
    page_count: pages,
    page_size: size,
    total_count: total,
  }
}

function countFrom(request: FastifyRequest, name: string, fallback: number): number {
  const text = query(request, name)
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw badRequest(`${name} should be a number above 0`)
  return value
}

function columnsOf(request: FastifyRequest): string[][] {
  const columns = query(request, 'columns')
  return columns ? columns.split(',').map(column => column.split('.')) : []
}

/** `a.b` keeps the `b` of `a`. Without columns the whole row. */
function pick(row: Row, columns: readonly string[][]): Row {
  if (columns.length === 0) return row
  const picked: { [column: string]: unknown } = {}
  for (const path of columns) {
    const value = valueAt(row, path)
    if (value !== undefined) place(picked, path, value)
  }
  return picked
}

function place(target: { [column: string]: unknown }, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path
  if (rest.length === 0) target[first] = value
  else {
    target[first] ??= {}
    place(target[first] as { [column: string]: unknown }, rest, value)
  }
}

function valueAt(row: unknown, path: readonly string[]): unknown {
  let value = row
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Row)[step]
  }
  return value
}
