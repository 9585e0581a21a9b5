import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Dialog } from '../../../src/sip/dialog/dialog.ts'
import { HeaderError } from '../../../src/sip/message/header-error.ts'
import { routeRequest } from '../../../src/sip/transaction/route-request.ts'
import { request, response } from '../../support/sip/messages.ts'

const recordRoutes = '<sip:p3.example.com;lr>, <sip:p2.example.com>'
const more = { 'Record-Route': recordRoutes }

describe('dialogs (RFC 3261 §12)', () => {
  test("the callee's: route set in the order of Record-Route, target from Contact, tags and CSeq from the request", () => {
    const invite = request('INVITE', { ...more, CSeq: '314 INVITE' })
    const dialog = Dialog.ofCallee(invite, 'ours', false)
    assert.deepEqual(dialog.routeSet, ['<sip:p3.example.com;lr>', '<sip:p2.example.com>'])
    assert.equal(dialog.remoteTarget, 'sip:alice@192.0.2.2')
    assert.equal(dialog.key, 'call-1@192.0.2.2 ours a1')
    assert.equal(dialog.remoteSeq, 314)
    assert.equal(dialog.localUri, '<sip:bob@example.org>')
    assert.equal(dialog.remoteUri, '"Alice" <sip:alice@example.org>')
    assert.equal(dialog.state, 'early')
  })

  test("the caller's: route set in reverse order, tags from the response", () => {
    const invite = request('INVITE', { CSeq: '7 INVITE' })
    const dialog = Dialog.ofCaller(invite, invite.uri, response(invite, 180, 'b1', more), false)
    assert.deepEqual(dialog.routeSet, ['<sip:p2.example.com>', '<sip:p3.example.com;lr>'])
    assert.equal(dialog.remoteTarget, 'sip:bob@192.0.2.2')
    assert.equal(dialog.key, 'call-1@192.0.2.2 a1 b1')
    assert.equal(dialog.localSeq, 7)
    assert.equal(dialog.remoteSeq, undefined)
  })

  test('a peer without tags (RFC 2543) has an empty one, and none is written', () => {
    const invite = request('INVITE', { From: 'sip:alice@example.org' })
    const dialog = Dialog.ofCallee(invite, 'ours', false)
    assert.equal(dialog.remoteTag, '')
    assert.equal(dialog.createRequest('BYE').headers.get('To'), 'sip:alice@example.org')
  })

  test('secure is what came over TLS with a sips: Request-URI', () => {
    for (const [uri, tls, secure] of [
      ['sips:bob@192.0.2.1', true, true],
      ['SIPS:bob@192.0.2.1', true, true],
      ['sip:bob@192.0.2.1', true, false],
      ['sips:bob@192.0.2.1', false, false],
    ] as const) {
      assert.equal(Dialog.ofCallee(request('INVITE', { uri }), 'ours', tls).secure, secure)
    }
  })

  test('requests inside: target, route set, both identities with their tags, CSeq one more each', () => {
    const dialog = Dialog.ofCallee(request('INVITE', more), 'ours', false)
    const first = dialog.createRequest('INFO')
    const second = dialog.createRequest('BYE')
    assert.equal(first.uri, 'sip:alice@192.0.2.2')
    assert.deepEqual(first.headers.values('Route'), ['<sip:p3.example.com;lr>', '<sip:p2.example.com>'])
    assert.equal(first.headers.get('From'), '<sip:bob@example.org>;tag=ours')
    assert.equal(first.headers.get('To'), '"Alice" <sip:alice@example.org>;tag=a1')
    assert.equal(first.headers.get('Call-ID'), 'call-1@192.0.2.2')
    assert.equal(first.headers.get('CSeq'), '1 INFO')
    assert.equal(second.headers.get('CSeq'), '2 BYE')
    assert.equal(dialog.createRequest('ACK', 1).headers.get('CSeq'), '1 ACK')
    assert.equal(dialog.createRequest('INFO').headers.get('CSeq'), '3 INFO')
  })

  test('the route sets of RFC 3261 §12.2.1.1: a strict first router takes the Request-URI, a loose one leaves it', () => {
    const strict = Dialog.ofCallee(
      request('INVITE', {
        Contact: '<sip:user@remoteua>',
        'Record-Route': '<sip:proxy1>, <sip:proxy2>, <sip:proxy3;lr>, <sip:proxy4>',
      }),
      'ours',
      false,
    ).createRequest('BYE')
    assert.equal(routeRequest(strict).raw, 'sip:proxy1')
    assert.equal(strict.uri, 'sip:proxy1')
    assert.deepEqual(strict.headers.values('Route'), [
      '<sip:proxy2>',
      '<sip:proxy3;lr>',
      '<sip:proxy4>',
      '<sip:user@remoteua>',
    ])

    const loose = Dialog.ofCallee(
      request('INVITE', { Contact: '<sip:user@remoteua>', 'Record-Route': '<sip:proxy1;lr>, <sip:proxy2>' }),
      'ours',
      false,
    ).createRequest('BYE')
    assert.equal(routeRequest(loose).raw, 'sip:proxy1;lr')
    assert.equal(loose.uri, 'sip:user@remoteua')
    assert.deepEqual(loose.headers.values('Route'), ['<sip:proxy1;lr>', '<sip:proxy2>'])

    const direct = Dialog.ofCallee(request('INVITE'), 'ours', false).createRequest('BYE')
    assert.equal(routeRequest(direct).raw, 'sip:alice@192.0.2.2')
  })

  test('the 2xx sets the route set and the target anew (§13.2.2.4)', () => {
    const invite = request('INVITE')
    const dialog = Dialog.ofCaller(invite, invite.uri, response(invite, 180, 'b1', more), false)
    dialog.confirm(response(invite, 200, 'b1', { Contact: '<sip:bob@192.0.2.9>' }))
    assert.deepEqual(dialog.routeSet, [])
    assert.equal(dialog.remoteTarget, 'sip:bob@192.0.2.9')
    assert.equal(dialog.state, 'confirmed')
  })

  test('a response without Contact, or with one that is no address, leaves the target; bad routes are left out', () => {
    const invite = request('INVITE')
    const bare = Dialog.ofCaller(invite, 'sip:asked@example.org', response(invite, 180, 'b1', { Contact: '' }), false)
    assert.equal(bare.remoteTarget, 'sip:asked@example.org')
    for (const contact of ['*', 'nonsense', '<sip:>', '<sip:a b>']) {
      bare.confirm(response(invite, 200, 'b1', { Contact: contact, 'Record-Route': '<nonsense>, <sip:p;lr>' }))
      assert.equal(bare.remoteTarget, 'sip:asked@example.org')
      assert.deepEqual(bare.routeSet, ['<sip:p;lr>'])
    }
  })

  test('a request with a Contact or Record-Route that is no address makes no dialog: 400', () => {
    for (const fields of [
      { Contact: '*' },
      { Contact: '<x>' },
      { 'Record-Route': '<x>' },
      { From: 'sip:a;tag=1;tag=2' },
    ]) {
      assert.throws(
        () => Dialog.ofCallee(request('INVITE', fields), 'ours', false),
        (error: unknown) => error instanceof HeaderError || (error as { status: number }).status === 400,
      )
    }
  })

  for (const contact of ['<tel:+331>', '<http://example.org/>']) {
    test(`a Contact that no SIP can be sent to, ${contact}, makes no dialog and moves none (RFC 3261 §8.1.1.8)`, () => {
      const invite = request('INVITE', { Contact: contact })
      assert.throws(() => Dialog.ofCallee(invite, 'ours', false), { status: 400 })
      const dialog = Dialog.ofCaller(invite, invite.uri, response(invite, 200, 'b1', { Contact: contact }), false)
      assert.equal(dialog.remoteTarget, invite.uri)
      dialog.refreshTarget(invite)
      assert.equal(dialog.remoteTarget, invite.uri)
    })
  }
})
