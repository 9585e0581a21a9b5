import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTransportUri } from '../../../src/sip/transport/listen-spec.ts'
import { TransportError } from '../../../src/sip/transport/transport-error.ts'

const accepted: readonly [string, string, string, number][] = [
  ['sip:127.0.0.1:6067;transport=tcp', 'tcp', '127.0.0.1', 6067],
  ['sip:127.0.0.1:6067', 'udp', '127.0.0.1', 6067],
  ['sip:127.0.0.1', 'udp', '127.0.0.1', 5060],
  ['sip:127.0.0.1;transport=udp', 'udp', '127.0.0.1', 5060],
  ['sip:127.0.0.1;transport=TCP', 'tcp', '127.0.0.1', 5060],
  ['sip:b2bua.example.org;transport=tls', 'tls', 'b2bua.example.org', 5061],
  ['sips:b2bua.example.org', 'tls', 'b2bua.example.org', 5061],
  ['sips:b2bua.example.org:7000;transport=tcp', 'tls', 'b2bua.example.org', 7000],
  ['sip:[::1]:6067;transport=tcp', 'tcp', '::1', 6067],
  ['sip:127.0.0.1:8080;transport=ws', 'ws', '127.0.0.1', 8080],
  ['sip:127.0.0.1;transport=WS', 'ws', '127.0.0.1', 80],
  ['sip:b2bua.example.org;transport=wss', 'wss', 'b2bua.example.org', 443],
  ['sips:b2bua.example.org:8443;transport=ws', 'wss', 'b2bua.example.org', 8443],
  ['sips:b2bua.example.org;transport=wss', 'wss', 'b2bua.example.org', 443],
  ['sip:0.0.0.0:0;transport=tcp', 'tcp', '0.0.0.0', 0],
  [' sip:127.0.0.1:6067 ', 'udp', '127.0.0.1', 6067],
]
for (const [text, protocol, host, port] of accepted) {
  test(`'${text}' listens on ${protocol} ${host} port ${port}`, () => {
    assert.deepEqual(parseTransportUri(text), { protocol, host, port })
  })
}

test('an empty transport listens on nothing', () => {
  assert.equal(parseTransportUri(''), undefined)
  assert.equal(parseTransportUri('  '), undefined)
})

const refused: readonly [string, RegExp][] = [
  ['sips:127.0.0.1;transport=udp', /DTLS/],
  ['sip:127.0.0.1;transport=sctp', /transport type 'sctp' is not allowed for 'sip' scheme/],
  ['sip:127.0.0.1;transport=dtls', /'dtls' is not allowed/],
  ['sips:127.0.0.1;transport=tls', /'tls' is not allowed for 'sips' scheme/],
  ['<sip:127.0.0.1:6067>', /without < and >/],
  ['127.0.0.1:6067', /must begin with sip:/],
  ['tel:+33123', /must begin with sip:/],
  ['sip:*:6067', /0\.0\.0\.0/],
  ['sip:[12:34]:5060', /no IPv6 address/],
  ['sip:127.0.0.1:99999', /not a SIP URI/],
  ['sip:', /not a SIP URI/],
]
for (const [text, reason] of refused) {
  test(`'${text}' is refused with the reason and an example`, () => {
    assert.throws(
      () => parseTransportUri(text),
      (error) =>
        error instanceof TransportError &&
        error.code === 'TRANSPORT_LISTEN' &&
        reason.test(error.message) &&
        error.message.includes('sip:127.0.0.1:6067;transport=tcp'),
    )
  })
}
