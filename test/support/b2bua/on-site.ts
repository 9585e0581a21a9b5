import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Site, type SiteOptions } from './site.ts'

/** Runs a test with a site of its own, and checks that nothing is left of its calls. */
export async function onSite(options: SiteOptions, run: (site: Site) => Promise<void>): Promise<void> {
  const site = await Site.start(options)
  try {
    await run(site)
    const deadline = Date.now() + 3000
    const busy = (): boolean => Object.values(site.counts()).some((count) => count > 0)
    while (busy() && Date.now() < deadline) await sleep(20)
    assert.deepEqual(
      Object.entries(site.counts()).filter(([, count]) => count > 0),
      [],
      'something is left of the call',
    )
  } finally {
    await site.stop()
  }
}
