import { renameSync, writeFileSync } from 'node:fs'

/** What the tests vary of a flexisip.conf; everything else keeps its default. */
export interface FlexisipConf {
  /** b2bua-server/transport */
  readonly transport: string
  /** b2bua-server/outbound-proxy */
  readonly outboundProxy: string
  /** Folder of the log and of the data directory. */
  readonly folder: string
  /** Pairs of a mode and a regular expression, in order. */
  readonly encryptionRules?: readonly string[]
  /** Pairs of suites and a regular expression, in order. */
  readonly suiteRules?: readonly string[]
  /** More of [b2bua-server], such as `max-calls`. */
  readonly server?: Readonly<Record<string, string>>
  /** The program is the proxy too (--server all), on the address of `outboundProxy`. */
  readonly standalone?: {
    /** module::B2bua/enabled */
    readonly enabled: boolean
  }
}

/** The User-Agent of the server in these tests; the proxy knows it by that, as Flexisip >= 2.4 does. */
export const userAgent = 'Flexisip-B2BUA/2.7.0-interop'

/** The text of the file. */
export function flexisipConf(conf: FlexisipConf): string {
  const { transport, outboundProxy, folder, encryptionRules = [], suiteRules = [], server = {}, standalone } = conf
  const extra = Object.entries(server).map(([key, value]) => `${key}=${value}`)
  return `${[
    '[global]',
    `log-directory=${folder}/log`,
    'log-level=message',
    ...(standalone === undefined ? [] : [`transports=${outboundProxy.replace(/;.*/, '')}`]),
    '',
    '[b2bua-server]',
    'application=trenscrypter',
    `transport=${transport}`,
    `outbound-proxy=${outboundProxy}`,
    `data-directory=${folder}/data`,
    `user-agent=${userAgent}`,
    ...extra,
    '',
    '[b2bua-server::trenscrypter]',
    `outgoing-enc-regex=${encryptionRules.join(' ')}`,
    `outgoing-srtp-regex=${suiteRules.join(' ')}`,
    ...(standalone === undefined
      ? []
      : [
          '',
          '[module::B2bua]',
          `enabled=${standalone.enabled}`,
          `b2bua-server=${transport}`,
          '',
          '[module::Registrar]',
          'reg-domains=example.org',
        ]),
  ].join('\n')}\n`
}

/** Saves as editors do: the whole text to a file beside it, which then takes its name. */
export function saveAtomically(file: string, text: string): void {
  const draft = `${file}.new`
  writeFileSync(draft, text)
  renameSync(draft, file)
}
