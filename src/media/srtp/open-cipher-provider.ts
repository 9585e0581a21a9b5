import { MediaError } from '../media-error.ts'
import { PacketBuffer } from '../packet-buffer.ts'
import { type CipherProvider } from './cipher-provider.ts'
import { CounterMode } from './counter-mode.ts'
import { OpenSslCipherProvider } from './openssl-cipher-provider.ts'
import { portableCipherProvider } from './portable-cipher-provider.ts'

/**
 * Makes the cipher provider of this thread: OpenSSL's own functions, or node:crypto where they cannot be called.
 * @param open makes the first; another one for tests
 * @returns with `fallback` why it is the portable one
 */
export function openCipherProvider(open: () => CipherProvider = () => new OpenSslCipherProvider()): {
  readonly provider: CipherProvider
  readonly fallback?: string
} {
  try {
    const provider = open()
    checkCipherProvider(provider)
    return { provider }
  } catch (error) {
    if (!(error instanceof MediaError)) throw error
    return { provider: portableCipherProvider, fallback: error.message }
  }
}

/**
 * Compares what a provider makes of a packet with what node:crypto makes of it: a build of OpenSSL whose structures are
 * laid out otherwise must show here, not in calls.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`
 */
function checkCipherProvider(provider: CipherProvider): void {
  for (const keyLength of [16, 24, 32]) {
    const [expected, made] = [portableCipherProvider, provider].map((each) => exercise(each, keyLength))
    if (!expected!.equals(made!)) {
      const what = `OpenSSL's ciphers with keys of ${keyLength} bytes are not those of node:crypto`
      throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', what)
    }
  }
}

/** One packet through every primitive that has keys of this length. */
function exercise(provider: CipherProvider, keyLength: number): Buffer {
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + 3) & 0xff))
  const packet = new PacketBuffer(2048)
  packet.load(bytes(1200))
  const counterMode = new CounterMode(provider, bytes(keyLength), bytes(14))
  // alone, the first of those made ahead, and a long one
  counterMode.apply(packet, 12, 150, 0x89abcdef, 0x123456789abc)
  counterMode.apply(packet, 12, 150, 0x89abcdef, 0x123456789abd)
  counterMode.apply(packet, 12, 1150, 0x89abcdef, 0x123456789abe)
  counterMode.close()
  const parts = [Buffer.from(provider.authenticator(bytes(20)).digest(packet, 1166))]
  if (keyLength !== 24) {
    const aead = provider.aead(bytes(keyLength), bytes(12))
    const seal = (): void => aead.seal(packet, 16, 101, 0x89abcdef, 0x123456789abc, 0x80000001)
    const open = (): boolean => aead.open(packet, 16, 101, 0x89abcdef, 0x123456789abc, 0x80000001)
    seal()
    parts.push(Buffer.from(packet.bytes.subarray(0, 133)), Buffer.of(Number(open())))
    seal()
    packet.bytes[132]! ^= 1
    parts.push(Buffer.of(Number(open())))
    aead.close()
  } else parts.push(Buffer.from(packet.bytes.subarray(0, 166)))
  return Buffer.concat(parts)
}
