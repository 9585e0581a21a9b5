import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError } from '../../src/base/coded-error.ts'
import { SdpError, sdpErrorCodes } from '../../src/sdp/sdp-error.ts'

test('every code answers a request with a status of its own kind', () => {
  for (const code of sdpErrorCodes) {
    const error = new SdpError(code, 'what is wrong')
    assert.ok(error instanceof CodedError)
    assert.equal(error.name, 'SdpError')
    assert.ok([400, 413, 488, 500].includes(error.status), code)
    if (code.startsWith('SDES_')) assert.equal(error.status, 488, code)
  }
})
