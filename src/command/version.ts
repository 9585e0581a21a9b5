import { readFileSync } from 'node:fs'

/** The version of package.json: what `--version` prints and `{version}` in `user-agent` stands for. */
export const version: string = readVersion()

function readVersion(): string {
  // package.json is two levels up in the sources, and npm run build puts it there in dist/ too
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string') {
    return parsed.version
  }
  throw new Error('package.json has no version')
}
