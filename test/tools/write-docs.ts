import { writeFileSync } from 'node:fs'
import { dumpCompanionDefault } from '../../src/config/dump-default.ts'
import { configurationPage } from './configuration-page.ts'
import { headersPage } from './headers-page.ts'

const write = (path: string, text: string): void => writeFileSync(new URL(`../../${path}`, import.meta.url), text)

write('docs/configuration.md', configurationPage())
write('docs/headers.md', headersPage())
write('etc/flexisip-b2bua.conf', dumpCompanionDefault())
