import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { runCommand } from '../support/command/run-command.ts'
import { ServerProcess } from '../support/command/server-process.ts'
import { makeCa } from '../support/sip/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const page = readFileSync(new URL('../../docs/proxy.md', import.meta.url), 'utf8')

/** The files of a section of docs/proxy.md: its indented blocks, with addresses of this machine in place of those. */
function files(section: string): string[] {
  const text = page.split(`\n## ${section}\n`)[1]!.split('\n## ')[0]!
  const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`
  return Array.from(text.matchAll(/(?:^(?: {4}.*)?\n)+/gm), ([block]) => block.replaceAll(/^ {4}/gm, '').trim())
    .filter((block) => block !== '')
    .map((block) => `${block.replaceAll('192.0.2', net)}\n`)
}

/** What the page leaves to the defaults, and a test must not share with others. */
const own = ['--set', 'b2bua-server/data-directory={dir}/data', '--set', 'global/log-directory={dir}/log']

function certificate(t: TestContext): string[] {
  const { certFile, keyFile } = makeCa(t).issue('proxy', 'IP:127.0.0.1')
  return ['certificates-file', certFile, 'certificates-private-key', keyFile].flatMap((text, at, all) =>
    at % 2 === 0 ? ['--set', `global/tls-${text}=${all[at + 1]!}`] : [],
  )
}

describe('the configurations of docs/proxy.md work as they are written', { concurrency: 3 }, () => {
  test('native: check-config has nothing to complain about', async (t) => {
    const file = join(temporaryDirectory(t), 'flexisip.conf')
    writeFileSync(file, files('Native')[0]!)
    const { stdout } = await runCommand(['check-config', '-c', file])
    assert.equal(stdout, `${file}: nothing to complain about\n`)
  })

  test('front: it listens on everything that the companion file names', async (t) => {
    const [config, companion] = files('Front') as [string, string]
    const server = ServerProcess.start(t, {
      config: `[global]\nlog-level=message\n${config}`,
      companion,
      args: ['--server', 'all', ...own, ...certificate(t)],
    })
    await server.wrote(/ proxy runs listening="udp \S+:5060, tcp \S+:5060, tls \S+:5061, wss \S+:8443" next-hop=sip:/)
    assert.doesNotMatch(server.output, /error|warning/)
  })

  test('standalone: it starts with the password file', async (t) => {
    const [config, passwords] = files('Standalone') as [string, string]
    const directory = temporaryDirectory(t)
    writeFileSync(join(directory, 'passwords'), passwords)
    const server = ServerProcess.start(t, {
      config: config
        .replace('[global]', '[global]\nlog-level=message')
        .replace('/etc/flexisip/passwords', join(directory, 'passwords')),
      args: ['--server', 'all', ...own],
    })
    await server.wrote(/ proxy runs listening="udp \S+, tcp \S+" reg-domains=sip\.example\.org users=\S+passwords\n/)
    assert.doesNotMatch(server.output, /error|warning/)
  })
})
