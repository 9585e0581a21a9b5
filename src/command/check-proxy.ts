import { readPasswordFile } from '../../proxy-module/registrar/password-file.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Problem } from '../config/problem.ts'
import { parseUri } from '../sip/message/uri.ts'
import { checkFilter } from './check-filter.ts'
import { faultOf, problemAt } from './start-problem.ts'
import { digestHashes, proxyTransports, serversOf } from './proxy-settings.ts'

/** What keeps `--server proxy` from being started with a configuration, as far as it can be seen without starting it. */
export function checkProxy(snapshot: ConfigSnapshot): Problem[] {
  return [
    ...checkTransports(snapshot),
    ...checkServers(snapshot),
    ...checkFilter(snapshot, false),
    ...(snapshot.get('proxy', 'next-hop') === ''
      ? [...checkExpiry(snapshot), ...checkPasswords(snapshot)]
      : checkNextHop(snapshot)),
  ]
}

function checkTransports(snapshot: ConfigSnapshot): Problem[] {
  const own = snapshot.get('proxy', 'transports').length > 0
  const report = (what: string, instead: string): Problem[] => [
    own
      ? problemAt(snapshot, 'proxy', 'transports', { what, instead })
      : problemAt(snapshot, 'global', 'transports', { what, instead }),
  ]
  try {
    const specs = proxyTransports(snapshot)
    if (specs.length === 0) return report('the proxy would listen on nothing', 'write e.g. sip:127.0.0.1:5060')
    return []
  } catch (error) {
    const { what, instead } = faultOf(error, 'sip:127.0.0.1:5060')
    return report(what, instead)
  }
}

function checkServers(snapshot: ConfigSnapshot): Problem[] {
  try {
    serversOf(snapshot)
    return []
  } catch (error) {
    const fault = faultOf(error, 'sip:127.0.0.1:6067;transport=tcp')
    return snapshot.get('proxy', 'b2bua-servers').length > 0
      ? [problemAt(snapshot, 'proxy', 'b2bua-servers', fault)]
      : [problemAt(snapshot, 'module::B2bua', 'b2bua-server', fault)]
  }
}

function checkNextHop(snapshot: ConfigSnapshot): Problem[] {
  try {
    parseUri(snapshot.get('proxy', 'next-hop'))
    return []
  } catch (error) {
    return [problemAt(snapshot, 'proxy', 'next-hop', faultOf(error, 'sip:192.0.2.1:5060;transport=tcp'))]
  }
}

function checkExpiry(snapshot: ConfigSnapshot): Problem[] {
  const [shortest, longest] = [
    snapshot.get('module::Registrar', 'min-expires'),
    snapshot.get('module::Registrar', 'max-expires'),
  ]
  if (shortest <= longest) return []
  const what = `no registration can be both longer than ${shortest / 1000} s and shorter than ${longest / 1000} s`
  return [problemAt(snapshot, 'module::Registrar', 'max-expires', { what, instead: 'write at least min-expires' })]
}

/** Passwords that cannot be read are no reason to let everybody in. */
function checkPasswords(snapshot: ConfigSnapshot): Problem[] {
  if (!snapshot.get('module::Authentication', 'enabled')) return []
  if (snapshot.get('module::Authentication', 'db-implementation') !== 'file') {
    const what = 'this program reads passwords from a file only'
    return [
      problemAt(snapshot, 'module::Authentication', 'db-implementation', {
        what,
        instead: 'write db-implementation=file and file-path, or name a next-hop that registers phones',
      }),
    ]
  }
  if (digestHashes(snapshot) === undefined) {
    const what = 'this is no list of digest algorithms'
    const instead = 'write MD5, SHA-256, or both'
    return [problemAt(snapshot, 'module::Authentication', 'available-algorithms', { what, instead })]
  }
  const file = snapshot.get('module::Authentication', 'file-path')
  if (file !== '') return [...readPasswordFile(file).problems]
  return [
    problemAt(snapshot, 'module::Authentication', 'file-path', {
      what: 'there is no password file',
      instead: 'write file-path=<FILE>',
    }),
  ]
}
