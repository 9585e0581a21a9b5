import { b2buaServer, b2buaServerHelp } from './schema/b2bua-server.ts'
import { companion, companionHelp } from './schema/companion.ts'
import { global, globalHelp } from './schema/global.ts'
import { moduleB2bua, moduleB2buaHelp } from './schema/module-b2bua.ts'
import { proxy, proxyHelp } from './schema/proxy.ts'
import {
  cluster,
  clusterHelp,
  moduleAuthentication,
  moduleAuthenticationHelp,
  moduleAuthTrustedHosts,
  moduleAuthTrustedHostsHelp,
  moduleMediaRelay,
  moduleMediaRelayHelp,
  moduleRegistrar,
  moduleRegistrarHelp,
} from './schema/proxy-sections.ts'
import { type Parameter, type Section } from './schema/parameter.ts'
import { trenscrypter, trenscrypterHelp } from './schema/trenscrypter.ts'

/** Every parameter that this project reads, by section and key. */
export const schema = {
  global,
  'b2bua-server': b2buaServer,
  'b2bua-server::trenscrypter': trenscrypter,
  'module::B2bua': moduleB2bua,
  'module::Registrar': moduleRegistrar,
  'module::Authentication': moduleAuthentication,
  'module::AuthTrustedHosts': moduleAuthTrustedHosts,
  'module::MediaRelay': moduleMediaRelay,
  cluster,
  b2bua: companion,
  proxy,
} as const satisfies Readonly<Record<string, Section>>

/** A section of the schema. */
export type SectionName = keyof typeof schema
/** A key of a section. */
export type KeyOf<S extends SectionName> = keyof (typeof schema)[S] & string
/** What {@link ConfigSnapshot.get} returns for a key: durations are milliseconds. */
export type ValueOf<S extends SectionName, K extends KeyOf<S>> =
  (typeof schema)[S][K] extends Parameter<infer V> ? V : never

/** A parameter's name as `--set` and the log write it. */
export type ParameterPath = { [S in SectionName]: `${S}/${KeyOf<S>}` }[SectionName]

/** The file to which a section belongs. */
export type ConfigFileKind = 'flexisip' | 'companion'

/** A section with what is not its parameters. */
export interface SectionDescription {
  readonly name: SectionName
  readonly help: string
  /** Where the section is read from: flexisip.conf or the companion file. */
  readonly file: ConfigFileKind
  /** Whether the schema has every key of the section that a Flexisip knows, so that others are errors. */
  readonly complete: boolean
}

/** The sections in the order in which they are dumped. */
export const sections: readonly SectionDescription[] = Object.freeze([
  { name: 'global', help: globalHelp, file: 'flexisip', complete: false },
  { name: 'b2bua-server', help: b2buaServerHelp, file: 'flexisip', complete: true },
  { name: 'b2bua-server::trenscrypter', help: trenscrypterHelp, file: 'flexisip', complete: true },
  { name: 'module::B2bua', help: moduleB2buaHelp, file: 'flexisip', complete: true },
  { name: 'module::Registrar', help: moduleRegistrarHelp, file: 'flexisip', complete: false },
  { name: 'module::Authentication', help: moduleAuthenticationHelp, file: 'flexisip', complete: false },
  { name: 'module::AuthTrustedHosts', help: moduleAuthTrustedHostsHelp, file: 'flexisip', complete: false },
  { name: 'module::MediaRelay', help: moduleMediaRelayHelp, file: 'flexisip', complete: false },
  { name: 'cluster', help: clusterHelp, file: 'flexisip', complete: false },
  { name: 'b2bua', help: companionHelp, file: 'companion', complete: true },
  { name: 'proxy', help: proxyHelp, file: 'companion', complete: true },
])

/** The parameters of a section, without their exact types. */
export function parametersOf(section: SectionName): Section {
  return schema[section]
}

/** Lists every parameter with its section, in the schema's order. */
export function* allParameters(): Iterable<{ section: SectionName; key: string; parameter: Parameter<unknown> }> {
  for (const { name } of sections) {
    for (const [key, parameter] of Object.entries(parametersOf(name))) yield { section: name, key, parameter }
  }
}
