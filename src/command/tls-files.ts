import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type TlsFiles } from '../sip/transport/listen-spec.ts'
import { type TlsClientFiles } from '../sip/transport/transport-options.ts'
import { StartError } from './start-error.ts'

type TlsKey = 'tls-certificates-file' | 'tls-certificates-private-key' | 'tls-certificates-ca-file'

/** The PEM files of the B2BUA: those of the companion file. One that is not named is absent. */
export function b2buaTlsFiles(snapshot: ConfigSnapshot): TlsClientFiles {
  return filesOf((key) => snapshot.get('b2bua', key))
}

/** The PEM files of the proxy: those that are written in [global] or in the companion file, else Flexisip's own. */
export function proxyTlsFiles(snapshot: ConfigSnapshot): TlsClientFiles {
  return filesOf((key) => {
    const companion = snapshot.at('global', key) === undefined ? snapshot.get('b2bua', key) : ''
    return companion === '' ? snapshot.get('global', key) : companion
  })
}

/**
 * What a server shows on a TLS transport.
 * @param section - that should name the files
 * @throws StartError when it names none
 */
export function tlsIdentity({ certFile, keyFile, ...rest }: TlsClientFiles, section: string): TlsFiles {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile, ...rest }
  throw new StartError(`a TLS transport needs tls-certificates-file and tls-certificates-private-key in ${section}`)
}

function filesOf(read: (key: TlsKey) => string): TlsClientFiles {
  const [certFile, keyFile, caFile] = [
    read('tls-certificates-file'),
    read('tls-certificates-private-key'),
    read('tls-certificates-ca-file'),
  ]
  return {
    ...(certFile !== '' && { certFile }),
    ...(keyFile !== '' && { keyFile }),
    ...(caFile !== '' && { caFile }),
  }
}
