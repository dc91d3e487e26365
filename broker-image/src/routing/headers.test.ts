/** The headers exchange gives RabbitMQ's answers. */

import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import { ChannelError } from '../wire/errors.ts'
import type { FieldTable } from '../wire/field-table.ts'
import { HeadersExchange } from './headers.ts'

function matches(args: FieldTable, headers: FieldTable | undefined): boolean {
  const exchange = new HeadersExchange<string>()
  exchange.bind('q', '', args)
  const found = new Set<string>()
  exchange.route(messageOf('any', headers), found)
  return found.has('q')
}

const NOW = { '!': 'timestamp', value: 1 }

const CASES: { readonly [claim: string]: readonly [args: FieldTable, headers: FieldTable | undefined, boolean] } = {
  'all needs every header': [{ 'x-match': 'all', a: 1, b: 'x' }, { a: 1, b: 'x', c: 0 }, true],
  'all fails by one missing header': [{ 'x-match': 'all', a: 1, b: 'x' }, { a: 1 }, false],
  'all fails by one other value': [{ 'x-match': 'all', a: 1, b: 'x' }, { a: 1, b: 'y' }, false],
  'all is the default': [{ a: 1, b: 2 }, { a: 1 }, false],
  'any needs one header': [{ 'x-match': 'any', a: 1, b: 'x' }, { b: 'x' }, true],
  'any fails without one': [{ 'x-match': 'any', a: 1, b: 'x' }, { a: 2, b: 'y' }, false],
  'all of nothing matches everything': [{ 'x-match': 'all' }, undefined, true],
  'any of nothing matches nothing': [{ 'x-match': 'any' }, { a: 1 }, false],
  'no arguments match everything': [{}, { a: 1 }, true],
  'all ignores x- headers': [{ 'x-match': 'all', a: 1, 'x-b': 2 }, { a: 1 }, true],
  'any ignores x- headers': [{ 'x-match': 'any', a: 1, 'x-b': 2 }, { 'x-b': 2 }, false],
  'all-with-x needs x- headers': [{ 'x-match': 'all-with-x', a: 1, 'x-b': 2 }, { a: 1 }, false],
  'all-with-x takes x- headers': [{ 'x-match': 'all-with-x', a: 1, 'x-b': 2 }, { a: 1, 'x-b': 2 }, true],
  'any-with-x takes one x- header': [{ 'x-match': 'any-with-x', a: 1, 'x-b': 2 }, { 'x-b': 2 }, true],
  'any-with-x does not match x-match itself': [{ 'x-match': 'any-with-x', a: 1 }, { 'x-match': 'any-with-x' }, false],
  'a void argument asks for presence only': [{ 'x-match': 'all', a: null }, { a: 'anything' }, true],
  'a void argument still asks for presence': [{ 'x-match': 'all', a: null }, {}, false],
  'a number is not the same text': [{ a: 1 }, { a: '1' }, false],
  'an integer is not the same double': [{ a: 1 }, { a: { '!': 'double', value: 1 } }, false],
  'a time is compared by value': [{ a: NOW }, { a: { value: 1, '!': 'timestamp' } }, true],
  'arrays and tables are compared by value': [{ a: [{ b: [1] }] }, { a: [{ b: [1] }] }, true],
  'a name that every object has is not a header': [{ constructor: null }, {}, false],
  'a message without headers has none': [{ a: null }, undefined, false],
}

test.each(Object.entries(CASES))('%s', (_claim, [args, headers, matched]) => {
  expect(matches(args, headers)).toBe(matched)
})

test('an unknown x-match is a failed precondition, when checked and when bound', () => {
  for (const match of ['most', '', 5, null, ['all']]) {
    const exchange = new HeadersExchange<string>()
    expect(() => exchange.validateBinding({ 'x-match': match })).toThrow(ChannelError)
    expect(() => exchange.bind('q', '', { 'x-match': match })).toThrow('PRECONDITION_FAILED')
    const found = new Set<string>()
    exchange.route(messageOf('', {}), found)
    expect(found.size).toBe(0)
  }
})

test('one matching binding of several is enough', () => {
  const exchange = new HeadersExchange<string>()
  exchange.bind('q', '', { a: 1 })
  exchange.bind('q', '', { b: 1 })
  const found = new Set<string>()
  exchange.route(messageOf('', { b: 1 }), found)
  expect([...found]).toEqual(['q'])
})
