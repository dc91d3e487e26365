/** Terms are written as RabbitMQ's event exchange writes them. */
import { expect, test } from 'vitest'
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
