import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from 'node:path'
import { hostTableAddresses, systemDns } from '../../../src/sip/transport/dns-client.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { UdpEnd } from '../../support/sip/transport-ends.ts'

const table =
  '127.0.0.1 localhost\n# 10.0.0.9 proxy\n\t10.0.0.1\tproxy.example.org Proxy # the proxy\n::1 localhost ip6-localhost\n'

test('the host table is read with its comments, aliases and both families', () => {
  assert.deepEqual(hostTableAddresses(table, 'localhost'), ['127.0.0.1', '::1'])
  assert.deepEqual(hostTableAddresses(table, 'proxy'), ['10.0.0.1'])
  assert.deepEqual(hostTableAddresses(table, '10.0.0.1'), [])
})

test('a machine without host table has no names in it', async (t) => {
  const directory = temporaryDirectory(t, { hosts: table })
  const [some, none] = ['hosts', 'absent'].map((file) => systemDns({ hostsFile: join(directory, file) }))
  assert.deepEqual(await some!.hosts('PROXY'), { records: ['10.0.0.1'] })
  assert.deepEqual(await none!.hosts('proxy'), { records: [] })
})

test('"no such name" of a name server is an empty answer, its failure is an error', async (t) => {
  const server = await UdpEnd.bind(t)
  let code = 3 // NXDOMAIN
  server.socket.on('message', (query, from) => {
    const answer = Buffer.from(query)
    answer[2] = 0x81 // a response
    answer[3] = 0x80 | code
    server.socket.send(answer, from.port, from.address)
  })
  const dns = systemDns({ servers: [`127.0.0.1:${server.port}`] })
  assert.deepEqual((await dns.a('a.example')).records, [])
  assert.deepEqual((await dns.srv('_sip._udp.a.example')).records, [])
  assert.deepEqual((await dns.naptr('a.example')).records, [])
  code = 5 // REFUSED
  await assert.rejects(dns.a('b.example'), { code: 'EREFUSED' })
})

test('addresses come with the least TTL of the records', async (t) => {
  const server = await UdpEnd.bind(t)
  server.socket.on('message', (query, from) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5)
    const record = (ttl: number, last: number) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 192, 0, 2, last]) // name, A, IN, TTL, length, address
    const head = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0])
    server.socket.send(Buffer.concat([head, question, record(60, 1), record(40, 2)]), from.port, from.address)
  })
  const dns = systemDns({ servers: [`127.0.0.1:${server.port}`] })
  assert.deepEqual(await dns.a('a.example'), { records: ['192.0.2.1', '192.0.2.2'], ttl: 40 })
})
