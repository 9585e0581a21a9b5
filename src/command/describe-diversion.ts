import { type DiversionSettings } from '../../proxy-module/diversion/diversion.ts'

/** One line that says which calls are diverted, and where to. */
export function describeDiversion({ enabled, filter, servers, trust, userAgent }: DiversionSettings): string {
  if (!enabled) return 'no call is diverted: module::B2bua is not enabled'
  const which = filter === undefined ? 'every call' : `calls for which ${filter.reading}`
  const known = trust === 'token' ? 'its token' : `its User-Agent ${userAgent}`
  return `diverted: ${which}; to ${servers.map(({ raw }) => raw).join(' or ')}, which is known by ${known}`
}
