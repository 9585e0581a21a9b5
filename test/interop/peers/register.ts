import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'

/**
 * Registers a SIPp at the proxy: it can answer, but not register itself.
 *
 * @param port at which it answers, UDP
 */
export async function register(user: string, port: number): Promise<void> {
  const socket = createSocket('udp4')
  try {
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const request = [
      'REGISTER sip:load.example SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};rport;branch=z9hG4bKregister${port}`,
      `From: <sip:${user}@load.example>;tag=${user}`,
      `To: <sip:${user}@load.example>`,
      `Call-ID: register-${port}`,
      'CSeq: 1 REGISTER',
      `Contact: <sip:${user}@127.0.0.1:${port}>`,
      'Expires: 600',
      'Max-Forwards: 70',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n')
    const answer = new Promise<string>((resolve, reject) => {
      socket.once('message', (message) => resolve(message.toString('latin1')))
      setTimeout(() => reject(new Error('no answer to REGISTER')), 5000).unref()
    })
    socket.send(request, 5060, '127.0.0.1')
    assert.match(await answer, /^SIP\/2\.0 200 /)
  } finally {
    socket.close()
  }
}
