import { type ReloadBehaviour, type Parameter } from '../../src/config/schema/parameter.ts'
import { parametersOf, sections } from '../../src/config/schema.ts'

/** When a parameter takes effect, in words. */
const effects: Readonly<Record<ReloadBehaviour, string>> = {
  live: 'at once',
  'next call': 'with the next call',
  restart: 'at the next start',
}

const introduction = `# Configuration

<!-- Written by \`npm run docs\` from the schema in src/config/schema: do not edit. -->

The server reads the \`flexisip.conf\` that the proxy beside it reads (\`-c\`, default \`/etc/flexisip/flexisip.conf\`), and, beside it, the
companion file \`flexisip-b2bua.conf\` (\`--companion\`) with its own settings, because a Flexisip refuses to start on a key that it
does not know. Both may be empty: every parameter has a default. \`--set section/key=value\` goes before both.

\`flexisip-b2bua check-config\` finds what is wrong in them; \`--dump-default all\` prints the defaults as a file.

## How the files are read

* \`[section]\`, \`key=value\`, and lines that begin with \`#\` or \`;\`. A value holds to the end of its line: no quotes, no comment behind it, no
  continuation.
* A parameter that is not in the files has its default.
* \`Boolean\` is \`true\` or \`false\` (or 1 and 0). A \`StringList\` is separated by spaces. An \`IntegerRange\` is \`n\` or \`min-max\`.
* A duration is digits and one of \`ms\`, \`s\`, \`min\`, \`h\`, \`d\`, \`m\` (months!), \`y\`, without a space; digits alone have the unit that
  the parameter names.

## What a reload does

A changed file is read as soon as it is saved. If anything in it is wrong, nothing changes, and the log says where, and what to write
instead. Otherwise each parameter takes effect as its entry says: *at once*; *with the next call*, while calls in progress keep what they
began with; or *at the next start*, of which the log reminds. SIGHUP only opens the log file anew.
`

/** Writes docs/configuration.md from the schema. */
export function configurationPage(): string {
  const parts = sections.map(({ name, help, file }) => {
    const where = file === 'flexisip' ? 'flexisip.conf' : 'flexisip-b2bua.conf'
    const parameters = Object.entries(parametersOf(name)).map(([key, parameter]) => describe(key, parameter))
    return [`## [${name}] of ${where}\n\n${escapeMarkdown(help)}\n`, ...parameters].join('\n')
  })
  return [introduction, ...parts].join('\n')
}

function describe(key: string, parameter: Parameter<unknown>): string {
  const { type, help, reload, alias, deprecated, namesFile } = parameter
  const facts = [
    type.name,
    parameter.default === '' ? 'default empty' : `default \`${parameter.default}\``,
    ...(type.unit === undefined ? [] : [`in ${type.unit}s where it has no unit`]),
    `takes effect ${effects[reload]}`,
    ...(alias === undefined ? [] : [`also read as \`${alias}\`, which a real Flexisip refuses`]),
    ...(namesFile !== undefined ? ['a change of the file that it names is a reload'] : []),
    ...(deprecated === true ? ['deprecated'] : []),
  ]
  return `### ${key}\n\n${help.split('\n').map(escapeMarkdown).join('\n\n')}\n\n*${facts.join(' · ')}*\n`
}

/** What Markdown would take for markup. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\*_[\]<>`]/g, '\\$&')
}
