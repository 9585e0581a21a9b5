import { headerTable, type Crossing } from '../../src/base/header-table.ts'

const meanings: Readonly<Record<Crossing, string>> = {
  own: 'never: each leg has its own, or none',
  part: 'in part, or with some messages',
  rewritten: 'always, rewritten',
  needed: 'always, as it came',
  'end-to-end': 'as it came, unless `header-policy` says otherwise',
}

const introduction = `# Headers: which cross from leg to leg

<!-- Written by \`npm run docs\` from src/base/header-table.ts: do not edit. -->

What one phone says to the other crosses, in requests and responses, inside dialogs and outside, in both directions. What belongs to the way there stays on
its leg. A header that is not in the table crosses as it came: \`X-\` headers and whatever will be invented need no setting.
`

const policy = `
## header-policy

\`header-policy\` in \`[b2bua]\` of flexisip-b2bua.conf names the headers that do not cross, in requests and responses, in both directions:

\`\`\`ini
[b2bua]
# nobody learns who the caller is for certain, and of X- headers only the tenant crosses
header-policy=-P-Asserted-Identity -Identity -X-* +X-Tenant
# or: of what is end to end nothing crosses but this
#header-policy=-* +Subject +Alert-Info +Reason
\`\`\`

\`-Name\` stays behind, \`+Name\` is an exception to that, wherever it stands, and a \`*\` at the end of a name stands for whatever follows. Headers that
always cross, or never do, cannot be named, and \`-*\` does not mean them. A
reload counts for the calls that come after it; one in progress keeps the policy with which it began.
`

/** Writes docs/headers.md from the table. */
export function headersPage(): string {
  const rows = (['end-to-end', 'needed', 'rewritten', 'part', 'own'] as const).flatMap((crossing) =>
    headerTable
      .filter((row) => row.crossing === crossing)
      .map(({ names, why }) => `| ${names.join(', ')} | ${meanings[crossing]} | ${why} |`),
  )
  const others = `| X-… and all that are not in this table | ${meanings['end-to-end']} | |`
  return [introduction, '| header | crosses | why |', '|---|---|---|', others, ...rows, policy].join('\n')
}
