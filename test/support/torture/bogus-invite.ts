import { clearAudio } from '../b2bua/descriptions.ts'

/** A well-formed INVITE that nobody asked for and nobody will acknowledge. */
export function bogusInvite(number: number, host: string, port: number, transport = 'udp'): Buffer {
  const body = clearAudio(40000)
  return Buffer.from(
    [
      'INVITE sip:bob@sip.example.org SIP/2.0',
      `Via: SIP/2.0/${transport.toUpperCase()} ${host}:${port};rport;branch=z9hG4bKflood${number}`,
      'Max-Forwards: 70',
      `From: <sip:mallory@sip.example.org>;tag=${number}`,
      'To: <sip:bob@sip.example.org>',
      `Call-ID: flood-${number}`,
      'CSeq: 1 INVITE',
      `Contact: <sip:mallory@${host}:${port};transport=${transport}>`,
      'Content-Type: application/sdp',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  )
}
