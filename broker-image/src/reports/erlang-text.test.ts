/** Terms are written as RabbitMQ's event exchange writes them. */
import { expect, test } from 'vitest'
import type { FieldValue } from '../wire/field-table.ts'
import { addressText, argumentTexts } from './erlang-text.ts'

test.each([
  ['127.0.0.1', '{127,0,0,1}'],
  ['::1', '{0,0,0,0,0,0,0,1}'],
  ['::', '{0,0,0,0,0,0,0,0}'],
  ['fe80::1:2', '{65152,0,0,0,0,0,1,2}'],
  ['2001:db8:1:2:3:4:5:6', '{8193,3512,1,2,3,4,5,6}'],
  ['', ''],
  ['localhost', 'localhost'],
])('the address %j is %s', (host, text) => {
  expect(addressText(host)).toBe(text)
})

test.each<[FieldValue, string]>([
  [2 ** 31, 'long,2147483648'],
  [{ '!': 'int64', value: '9223372036854775807' }, 'long,9223372036854775807'],
  [{ '!': 'timestamp', value: 7 }, 'timestamp,7'],
  [{ '!': 'double', value: 5 }, 'double,5.0'],
  [{ '!': 'decimal', scale: 2, value: 314 }, 'decimal,{2,314}'],
  [{ '!': 'bytes', base64: 'AP8=' }, 'binary,<<0,255>>'],
  [{ '!': 'longstr', base64: '/w==' }, 'longstr,<<255>>'],
  [{ '!': 'table', value: { '!': 'mark' } }, 'table,[{<<"!">>,longstr,<<"mark">>}]'],
  [{ '!': 'nothing that we know' }, 'table,[{<<"!">>,longstr,<<"nothing that we know">>}]'],
])('the value %j is %s', (value, text) => {
  expect(argumentTexts({ a: value })).toEqual([`{<<"a">>,${text}}`])
})

test('an argument is its name, type and value', () => {
  const table = { text: 'a "b"', none: '', yes: true, n: -5, half: 0.5, nothing: null, list: [1, 'x'], inner: { k: 1 } }
  expect(argumentTexts(table)).toEqual([
    '{<<"text">>,longstr,<<"a \\"b\\"">>}',
    '{<<"none">>,longstr,<<>>}',
    '{<<"yes">>,bool,true}',
    '{<<"n">>,signedint,-5}',
    '{<<"half">>,double,0.5}',
    '{<<"nothing">>,void,undefined}',
    '{<<"list">>,array,[{signedint,1},{longstr,<<"x">>}]}',
    '{<<"inner">>,table,[{<<"k">>,signedint,1}]}',
  ])
})
