/** A story is tests that build on each other; after a failed step, the later ones fail at once instead of waiting. */

import { test } from 'vitest'

export type Step = (claim: string, body: () => Promise<void>) => void

/** Tells the steps of one story, in order. */
export function story(): Step {
  let failed: string | undefined
  return (claim, body) => {
    test(claim, async () => {
      if (failed !== undefined) throw new Error(`an earlier step failed: ${failed}`)
      try {
        await body()
      } catch (error) {
        failed = claim
        throw error
      }
    })
  }
}
