import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Headers } from '../../../src/sip/message/headers.ts'
import { createRequest, createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { reasonPhrase } from '../../../src/sip/message/reason-phrases.ts'

function request(method = 'INVITE', to = '<sip:b@example.org>'): SipRequest {
  return createRequest(
    method,
    'sip:b@example.org',
    new Headers([
      ['Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.2'],
      ['v', 'SIP/2.0/UDP 192.0.2.3'],
      ['Record-Route', '<sip:p1;lr>'],
      ['Record-Route', '<sip:p2;lr>'],
      ['f', '<sip:a@example.org>;tag=a'],
      ['t', to],
      ['i', 'call'],
      ['CSeq', `1 ${method}`],
      ['Timestamp', '54'],
      ['Subject', 'not copied'],
    ]),
  )
}

test('a response takes over every Via, From, To, Call-ID and CSeq, as they are', () => {
  const response = createResponse(request(), 486)
  assert.deepEqual(
    [...response.headers].map(({ name, value }) => `${name}: ${value}`),
    [
      'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.2',
      'Via: SIP/2.0/UDP 192.0.2.3',
      'From: <sip:a@example.org>;tag=a',
      'To: <sip:b@example.org>',
      'Call-ID: call',
      'CSeq: 1 INVITE',
    ],
  )
  assert.deepEqual([response.status, response.reason, response.body.length], [486, 'Busy Here', 0])
})

test('a To tag is added where there is none, and kept where there is one', () => {
  assert.equal(createResponse(request(), 180, { toTag: 'x' }).headers.get('To'), '<sip:b@example.org>;tag=x')
  const inDialog = request('BYE', '<sip:b@example.org>;tag=own')
  assert.equal(createResponse(inDialog, 200, { toTag: 'x' }).headers.get('To'), '<sip:b@example.org>;tag=own')
})

test('a To that cannot be read goes back as it came: the answer is a 400', () => {
  const broken = request('INVITE', '"open <sip:b>')
  assert.equal(createResponse(broken, 400, { toTag: 'x' }).headers.get('To'), '"open <sip:b>')
})

test('Record-Route goes into 101 to 299 of what forms a dialog, and nowhere else', () => {
  const has = (method: string, status: number): boolean =>
    createResponse(request(method), status).headers.has('Record-Route')
  assert.deepEqual(
    [has('INVITE', 100), has('INVITE', 101), has('INVITE', 200), has('INVITE', 300), has('SUBSCRIBE', 202)],
    [false, true, true, false, true],
  )
  assert.deepEqual([has('BYE', 200), has('OPTIONS', 200)], [false, false])
})

test('Timestamp goes into a 100 only', () => {
  assert.equal(createResponse(request(), 100).headers.get('Timestamp'), '54')
  assert.equal(createResponse(request(), 180).headers.has('Timestamp'), false)
})

test('reason, fields, body and its type are as given', () => {
  const body = Buffer.from('v=0')
  const headers = [['Retry-After', '5']] as const
  const response = createResponse(request(), 503, {
    reason: 'Gone Fishing',
    headers,
    body,
    contentType: 'application/sdp',
  })
  assert.deepEqual(
    [response.reason, response.headers.get('Retry-After'), response.headers.get('c'), response.body],
    ['Gone Fishing', '5', 'application/sdp', body],
  )
})

test('an added field cannot inject another', () => {
  const headers = [['Reason', 'SIP;cause=200\r\nEvil: 1']] as const
  assert.throws(() => createResponse(request(), 200, { headers }), { code: 'SIP_HEADER_VALUE' })
})

test('each status has a reason phrase, unknown ones that of their class', () => {
  assert.deepEqual([183, 299, 488, 499, 699].map(reasonPhrase), [
    'Session Progress',
    'OK',
    'Not Acceptable Here',
    'Bad Request',
    'Global Failure',
  ])
})

test('requests made without fields do not share them', () => {
  createRequest('BYE', 'sip:a').headers.add('X', '1')
  assert.equal(createRequest('BYE', 'sip:a').headers.size, 0)
})
