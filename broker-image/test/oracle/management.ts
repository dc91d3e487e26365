/** Requests to a management API, and what of the answer can be compared. */
import type { Peer } from './brokers.ts'
import { inOrder } from './outcome.ts'

type Json = ReturnType<typeof JSON.parse>

export interface Request {
  method: string
  /** Behind `/api/`. */
  path: string
  body?: Json
  /** Whose password is the name. */
  user?: string
  /** Fields of the answer to show; `status` for the status alone, where reasons have other words. */
  pick?: string
  /** Shows the names of all fields, and of which kind each is. */
  shape?: boolean
}

/** The status; the error and its reason; and of the body the fields that were asked for. */
export async function ask(peer: Peer, request: Request): Promise<string> {
  const { method, path, body, user = 'guest' } = request
  const authorization = `Basic ${Buffer.from(`${user}:${user}`).toString('base64')}`
  const response = await fetch(`http://127.0.0.1:${peer.managementPort}/api/${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return [String(response.status), shown(parsed(text), response.status, request)].filter(part => part !== '').join(' ')
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function shown(body: Json, status: number, { pick, shape }: Request): string {
  if (body === '' || body === null || pick === 'status') return ''
  if (status >= 400) return typeof body === 'object' ? picked(body, ['error', 'reason']) : ''
  if (shape === true) return JSON.stringify(shapeOf(Array.isArray(body) ? body[0] : body))
  if (pick === undefined) return ''
  const fields = pick.split(',')
  if (!Array.isArray(body)) return picked(body, fields)
  return `[${body
    .map((item: Json) => picked(item, fields))
    .sort()
    .join(' ')}]`
}

function picked(body: Json, fields: readonly string[]): string {
  const fieldValue = (field: string): Json => field.split('.').reduce((value, name) => value?.[name], body)
  return JSON.stringify(Object.fromEntries(fields.map(field => [field, inOrder(fieldValue(field) ?? undefined)])))
}

function shapeOf(value: Json): Json {
  if (Array.isArray(value)) return 'list'
  if (value === null || typeof value !== 'object') return typeof value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(key => [key, typeof value[key] === 'object' ? 'object' : typeof value[key]]),
  )
}
