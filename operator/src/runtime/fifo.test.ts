/** The line against an array. */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Fifo } from './fifo.ts'

it('is first in, first out under any order of calls, also across cuts', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -200, max: 200 }), { maxLength: 20 }), runs => {
      const line = new Fifo<number>()
      const model: number[] = []
      let next = 0
      for (const run of runs) {
        for (let n = 0; n < Math.abs(run); n += 1) {
          if (run < 0) {
            expect(line.shift()).toBe(model.shift())
          } else {
            line.push(next)
            model.push(next)
            next += 1
          }
        }
      }
    }),
  )
})
