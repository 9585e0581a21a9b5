import { writeFileSync } from 'node:fs'
import { dumpCompanionDefault } from '../../src/config/dump-default.ts'
import { configurationPage } from './configuration-page.ts'

writeFileSync(new URL('../../docs/configuration.md', import.meta.url), configurationPage())
writeFileSync(new URL('../../etc/flexisip-b2bua.conf', import.meta.url), dumpCompanionDefault())
