import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Authentication } from '../../../proxy-module/registrar/authentication.ts'
import { LocationTable } from '../../../proxy-module/registrar/location-table.ts'
import { parsePasswordFile } from '../../../proxy-module/registrar/password-file.ts'
import { defaultRegistrarSettings } from '../../../proxy-module/registrar/register.ts'
import { Registrar } from '../../../proxy-module/registrar/registrar.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { DigestClient } from '../../../src/sip/auth/digest-client.ts'
import { type SipResponse } from '../../../src/sip/message/message.ts'
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportLayer } from '../../../src/sip/transport/transport-layer.ts'
import { request } from '../../support/sip/messages.ts'

/** Transport and transactions, closed with the test. */
function stack(t: TestContext): { transport: TransportLayer; transactions: TransactionLayer } {
  const transport = new TransportLayer()
  const transactions = new TransactionLayer({ transport, resolver: new Resolver(), clock: systemClock })
  t.after(async () => {
    transactions.close()
    await transport.close()
  })
  return { transport, transactions }
}

/** A registrar of example.org on a port of its own. */
async function registrarOn(t: TestContext, protocol: 'udp' | 'tcp'): Promise<{ table: LocationTable; uri: string }> {
  const { transport, transactions } = stack(t)
  const table = new LocationTable(systemClock)
  const { passwords } = parsePasswordFile('version:1\nalice@example.org clrtxt:secret ;\n', 'users')
  const domains = (): readonly string[] => ['example.org']
  const authentication = new Authentication({
    clock: systemClock,
    passwords: () => passwords,
    domains,
    hashes: () => ['SHA-256', 'MD5'],
    nonceLifetime: 3_600_000,
  })
  const registrar = new Registrar({
    clock: systemClock,
    table,
    authentication,
    domains,
    settings: () => defaultRegistrarSettings,
  })
  transactions.user = {
    onRequest: (transaction) => void registrar.handle(transaction),
    onAck: () => undefined,
    onStrayResponse: () => undefined,
  }
  transport.events.on('flowClosed', (flow) => table.flowClosed(flow))
  t.after(() => table.close())
  const { port } = await transport.listen({ protocol, host: '127.0.0.1', port: 0 })
  return { table, uri: `sip:127.0.0.1:${port};transport=${protocol}` }
}

/** Sends REGISTER, the second time with what the challenge wants. */
async function registerAt(transactions: TransactionLayer, uri: string, contact: string): Promise<SipResponse> {
  const client = new DigestClient({ username: 'alice', secret: { password: 'secret' } })
  for (let cseq = 1; ; cseq++) {
    const fields = {
      uri,
      To: '<sip:alice@example.org>',
      CSeq: `${cseq} REGISTER`,
      Contact: contact,
      Supported: 'path, outbound',
    }
    const sent = request('REGISTER', fields)
    sent.headers.delete('Via')
    client.authorize(sent)
    const { promise, resolve, reject } = Promise.withResolvers<SipResponse>()
    transactions.request(sent, { onResponse: resolve, onFailure: reject })
    const response = await promise
    if (response.status !== 401 || client.accept(sent, response) !== 'answered') return response
  }
}

for (const protocol of ['udp', 'tcp'] as const) {
  test(`a phone registers over ${protocol}, and calls to it find its flow`, async (t) => {
    const { table, uri } = await registrarOn(t, protocol)
    const phone = stack(t)
    const response = await registerAt(phone.transactions, uri, '<sip:alice@192.168.0.7>')
    assert.equal(response.status, 200)
    const [binding] = table.lookup('sip:alice@example.org')
    assert.equal(binding?.contact, 'sip:alice@192.168.0.7')
    assert.equal(binding.flow?.protocol, protocol)
    assert.equal(binding.flow.remote.host, '127.0.0.1')
  })
}

test('a phone behind its own connection is gone with it', async (t) => {
  const { table, uri } = await registrarOn(t, 'tcp')
  const phone = stack(t)
  const contact = '<sip:alice@127.0.0.1>;reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-aabbccddeeff>"'
  const response = await registerAt(phone.transactions, uri, contact)
  assert.equal(response.headers.get('Require'), 'outbound')
  assert.deepEqual(table.counts(), { users: 1, bindings: 1, flows: 1 })
  await phone.transport.close()
  while (table.counts().users > 0) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(table.counts(), { users: 0, bindings: 0, flows: 0 })
})
