/** Waits for a condition that the cluster reaches in its own time. */

const POLL_MS = 250

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/**
 * The first answer of `probe` that is neither undefined nor false. Raises after `seconds`, with `what` was waited for
 * and the last error of the probe.
 */
export async function eventually<Answer>(
  what: string,
  seconds: number,
  probe: () => Promise<Answer | undefined | false>,
): Promise<Answer> {
  const deadline = Date.now() + seconds * 1000
  let lastError: unknown
  while (Date.now() < deadline) {
    try {
      const answer = await probe()
      lastError = undefined
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = error
    }
    await pause(POLL_MS)
  }
  throw new Error(`not within ${seconds} s: ${what}`, { cause: lastError })
}
