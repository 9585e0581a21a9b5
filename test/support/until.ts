/** Waits until `condition` holds, looking every few milliseconds; rejects after `timeout` milliseconds. */
export async function until(condition: () => boolean, what = String(condition), timeout = 10_000): Promise<void> {
  const end = performance.now() + timeout
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
