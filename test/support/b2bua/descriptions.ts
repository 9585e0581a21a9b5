/** A session description of a phone with one audio stream in clear. */
export function clearAudio(port: number, direction = 'sendrecv', version = 1): string {
  return [
    'v=0',
    `o=phone 1 ${version} IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP 0 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    `a=${direction}`,
    '',
  ].join('\r\n')
}

/** The same in SDES-SRTP, with a key of its own. */
export function sdesAudio(port: number, key: string, suite = 'AES_CM_128_HMAC_SHA1_80', tag = 1): string {
  return clearAudio(port)
    .replace('RTP/AVP', 'RTP/SAVP')
    .replace('a=sendrecv', `a=crypto:${tag} ${suite} inline:${key}\r\na=sendrecv`)
}
