import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext } from 'node:test'
import { temporaryDirectory } from '../temporary-directory.ts'

/** A CA of a test's own and the certificates that it signed, as files. */
export interface TestCa {
  readonly caFile: string
  /** Makes a certificate. @param names alternative names as openssl writes them, e.g. `DNS:a.example,IP:127.0.0.1` */
  issue(name: string, names: string): { readonly certFile: string; readonly keyFile: string }
}

/** Makes a CA with the openssl command, in a directory that goes with the test. */
export function makeCa(t: TestContext): TestCa {
  const directory = temporaryDirectory(t)
  const path = (file: string) => join(directory, file)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
    '-keyout',
    path('ca.key'),
    '-out',
    path('ca.pem'),
  )
  return {
    caFile: path('ca.pem'),
    issue(name, names) {
      const [certFile, keyFile] = [path(`${name}.pem`), path(`${name}.key`)]
      const signed = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-addext', `subjectAltName=${names}`]
      openssl(
        'req',
        '-x509',
        ...key,
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        ...signed,
        '-keyout',
        keyFile,
        '-out',
        certFile,
      )
      return { certFile, keyFile }
    },
  }
}
