/** What a decoder may do with arbitrary bytes. */

import { ConnectionError } from '../src/wire/errors.ts'

/** Runs a decoder that may refuse its input: true when it decoded, false for a ConnectionError; other errors pass through. */
export function isAccepted(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (error) {
    if (error instanceof ConnectionError) return false
    throw error
  }
}
