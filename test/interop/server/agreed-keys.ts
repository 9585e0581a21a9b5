import assert from 'node:assert/strict'
import { Linphone } from '../peers/linphone.ts'
import { type Phone } from '../peers/phone.ts'

/** What the server's log says of a key exchange of a call. */
export interface AgreedKeys {
  readonly leg: 'a' | 'b'
  /** Place of its m-line, from 1. */
  readonly stream: number
  readonly mode: string
  readonly suite: string
  /** Of the rest, ZRTP alone says something. */
  readonly sas?: string
  readonly cache?: string
  /** Key agreement, hash, cipher, auth tag, SAS. */
  readonly algorithms: readonly string[]
}

/** The key exchanges that a part of the server's log tells of, in order. */
export function agreedKeys(log: string): AgreedKeys[] {
  return [...log.matchAll(/ media keys agreed .* leg=([ab]) stream=(\d+) mode=(\S+) suite=(\S+)(.*)/g)].map(
    ([, leg, stream, mode = '', suite = '', rest = '']) => {
      const [, sas] = / sas=(\S+)/.exec(rest) ?? []
      const [, cache] = / cache=(\S+)/.exec(rest) ?? []
      const [, algorithms = ''] = / algorithms="([^"]*)"/.exec(rest) ?? []
      return {
        ...{ leg: leg === 'a' ? 'a' : 'b', stream: Number(stream), mode, suite, algorithms: algorithms.split(' ') },
        ...(sas !== undefined && { sas }),
        ...(cache !== undefined && { cache }),
      }
    },
  )
}

/**
 * A leg's ZRTP, of which the phone shows the same authentication string as the server's log.
 *
 * @param log of this call
 */
export function assertSameSas(log: string, leg: 'a' | 'b', phone: Phone): AgreedKeys {
  const [audio, ...more] = agreedKeys(log).filter((keys) => keys.leg === leg && keys.stream === 1)
  assert.ok(audio?.mode === 'zrtp' && more.length === 0, `leg ${leg} agreed on keys once, in ZRTP:\n${log}`)
  assert.ok(phone instanceof Linphone, `${phone.name} shows no authentication string`)
  assert.ok(audio.sas !== undefined && audio.sas === phone.authToken(), `${audio.sas} here, ${phone.authToken()} there`)
  return audio
}
