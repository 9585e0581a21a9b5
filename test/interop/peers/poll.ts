import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again and again until there is an answer.
 *
 * @param attempt says `undefined` as long as there is none
 * @param timeout milliseconds after which `undefined` is returned; the attempt is made at least once
 * @param interval milliseconds between two attempts
 */
export async function poll<T>(
  attempt: () => T | undefined | Promise<T | undefined>,
  timeout: number,
  interval = 50,
): Promise<T | undefined> {
  const until = Date.now() + timeout
  for (;;) {
    const answer = await attempt()
    if (answer !== undefined || Date.now() >= until) return answer
    await sleep(interval)
  }
}
