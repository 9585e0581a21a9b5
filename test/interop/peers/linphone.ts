import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificate } from '../../../src/media/dtls/dtls-certificate.ts'
import { linphoneSettings, type LinphoneEncryption, type LinphoneSettings } from './linphone-settings.ts'
import { locatePeer, PeerProcess } from './peer-process.ts'
import { type Phone, stepTimeout } from './phone.ts'
import { poll } from './poll.ts'
import { measureTone, type Heard } from './recording.ts'
import { writeTone } from './tone.ts'

export interface LinphoneOptions extends LinphoneSettings {
  /** Scratch folder; becomes its HOME, which each instance needs to itself. */
  readonly folder: string
  readonly toneHz: number
}

/** Debian's linphonec without a sound card: files are its microphone and its speaker. */
export class Linphone implements Phone {
  readonly name: string
  readonly toneHz: number
  readonly #options: LinphoneOptions
  readonly #log: string
  #process: PeerProcess
  #mark = 0
  /** Length of what it had printed at {@link listen}. */
  #textMark = 0
  /** Length of the debug log at {@link listen}. */
  #logMark = 0
  #recording = ''
  #calls = 0
  #busy = false

  constructor(options: LinphoneOptions) {
    this.#options = options
    this.name = options.name
    this.toneHz = options.toneHz
    const { folder, name } = options
    this.#log = join(folder, `${name}.log`)
    this.#process = new PeerProcess({
      name,
      command: locatePeer('linphonec'),
      args: [
        ...['-c', join(folder, 'linphonerc'), '-d', '6', '-l', this.#log],
        ...(options.video === undefined || options.video === false ? [] : ['-C']),
        ...(options.earlyMedia ? ['--real-early-media'] : []),
      ],
      env: { HOME: folder },
      outFile: join(folder, `${name}.out`),
    })
  }

  async start(): Promise<void> {
    const { folder } = this.#options
    // linphone does not make its own data folder, and complains at every step without it
    mkdirSync(join(folder, '.local/share/linphone'), { recursive: true })
    // its certificate; without one it makes an RSA key of 3072 bits in its first call with DTLS
    mkdirSync(join(folder, '.linphone-usr-crt'), { recursive: true })
    const { certificate, privateKey } = makeCertificate('ecdsa', new Date())
    const pem = join(folder, '.linphone-usr-crt/linphone-dtls-default-identity.pem')
    writeFileSync(pem, privateKey + certificate)
    writeFileSync(join(folder, 'linphonerc'), linphoneSettings(this.#options))
    const tone = join(folder, 'tone.wav')
    writeTone(tone, { hz: this.toneHz })
    this.#process.start()
    this.#process.send('soundcard use files')
    this.#process.send(`play ${tone}`)
    await this.listen()
    // linphonec prints no state of its registration unasked
    await this.logged(/to \[LinphoneRegistrationOk\]/, { from: 0 })
  }

  async listen(): Promise<void> {
    if (this.#busy) {
      // a scenario that failed left a call behind
      this.hangup()
      await this.ended()
    }
    this.#recording = join(this.#options.folder, `heard-${++this.#calls}.wav`)
    this.#mark = this.#process.mark()
    this.#logMark = this.#logText().length
    this.#textMark = this.#process.text.length
    this.#process.send(`record ${this.#recording}`)
    await this.#process.waitFor(/record [^\n]*\n/, { from: this.#mark })
  }

  /** What the next call that it places offers. linphone reads this setting afresh for each call. */
  async offer(encryption: LinphoneEncryption): Promise<void> {
    const mark = this.#process.mark()
    this.#process.send(`param sip media_encryption ${encryption}`)
    await this.#process.waitFor(/updated value: /, { from: mark })
  }

  dial(uri: string): void {
    this.#busy = true
    this.#process.send(`call ${uri}`)
  }

  async incoming(): Promise<void> {
    await this.#printed(/Receiving new incoming call from [^\n]*, assigned id \d+/)
    this.#busy = true
  }

  answer(): void {
    this.#process.send('answer')
  }

  async established(): Promise<void> {
    const line = await this.#printed(/Media streams established|Call \d+ with .* (?:ended|error)[^\n]*/)
    if (!line.startsWith('Media')) throw new Error(`${this.name}: no call: ${line}`)
  }

  hold(): void {
    this.#process.send('pause')
  }

  /** Resolves when the far end agreed to be on hold. */
  async held(): Promise<void> {
    await this.#printed(/Call \d+ with .* is now paused/)
  }

  resume(): void {
    this.#process.send('resume')
  }

  /** Sends the far end of the call that is up to somebody else. */
  transfer(uri: string): void {
    this.#process.send(`transfer ${uri}`)
  }

  /** Connects the far ends of the last two calls that it has had since {@link listen}: the first one's calls the second one's. */
  connectBoth(): void {
    const [first, second] = this.#callIds().slice(-2)
    if (first === undefined || second === undefined) throw new Error(`${this.name} has no two calls`)
    this.#process.send(`transfer ${first} --to-call ${second}`)
  }

  /** Resolves when it has been told that the far end has reached who it was sent to. */
  async transferred(): Promise<void> {
    await this.#process.waitFor(/has been transfered, you can safely close the call/, {
      from: this.#textMark,
      timeout: stepTimeout,
    })
  }

  /** Resolves when another call has taken the place of the one that is up (RFC 3891), and its media runs. */
  async replaced(): Promise<void> {
    await this.#printed(/Receiving new incoming call [^]*?Media streams established/)
  }

  /** Ends all its calls. */
  async hangupAll(): Promise<void> {
    this.#process.send('terminate all')
    const open = (): boolean =>
      this.#callIds().some(
        (id) => !new RegExp(`Call ${id} with .* (?:ended|error)`).test(this.#process.text.slice(this.#textMark)),
      )
    if ((await poll(() => !open() || undefined, stepTimeout)) === undefined)
      throw new Error(`${this.name} still has a call`)
    this.#busy = false
  }

  #callIds(): readonly string[] {
    return [...this.#process.text.slice(this.#textMark).matchAll(/, assigned id (\d+)/g)].map(([, id = '']) => id)
  }

  /** Adds video to the call that is up, by a re-INVITE. It cannot take it away again. */
  addVideo(): void {
    this.#process.send('camera on')
  }

  /** Presses a key for a moment; the settings say whether it goes out as an event of RFC 4733 or in INFO. */
  press(key: string): void {
    this.#process.send(key)
  }

  /** The next keys that it was told of since {@link listen}, be it by events or INFO. */
  async keys(count: number): Promise<string> {
    const heard = (): string =>
      [...this.#process.text.slice(this.#textMark).matchAll(/Receiving tone (.) from/g)].map(([, key]) => key).join('')
    await poll(() => heard().length >= count || undefined, stepTimeout)
    return heard()
  }

  hangup(): void {
    this.#process.send('terminate')
  }

  async ended(): Promise<string> {
    const line = await this.#printed(/Call \d+ with .* (?:ended|error)[^\n]*/)
    this.#busy = false
    return line
  }

  heard(hz: number, from = 0): Heard {
    return measureTone(this.#recording, hz, from)
  }

  ownsPort(port: number): boolean {
    return port >= this.#options.rtpPort && port < this.#options.rtpPort + 8
  }

  async stop(): Promise<void> {
    await this.#process.stop({ line: 'quit' })
  }

  /** Waits for something in the debug log, from the last {@link listen} on or from `from`. */
  async logged(
    pattern: RegExp,
    options: { readonly from?: number; readonly timeout?: number } = {},
  ): Promise<RegExpExecArray> {
    const { from = this.#logMark, timeout = stepTimeout } = options
    const match = await poll(() => pattern.exec(this.#logText().slice(from)) ?? undefined, timeout)
    if (match) return match
    throw new Error(`${this.name}: no ${pattern.source} in ${this.#log} within ${timeout} ms`)
  }

  /** What the debug log says of the media since {@link listen}: the encryption, and packets that could not be decrypted. */
  report(): { readonly encryption: string | undefined; readonly undecrypted: number } {
    const text = this.#logText().slice(this.#logMark)
    const negotiated = [...text.matchAll(/Negotiated media encryption is LinphoneMediaEncryption(\w+)/g)]
    return {
      encryption: negotiated.at(-1)?.[1],
      undecrypted: [...text.matchAll(/srtp_unprotect\w*\(\) failed/g)].length,
    }
  }

  /** The authentication string that it shows for the call since {@link listen}, where it speaks ZRTP. */
  authToken(): string | undefined {
    const shown = [
      ...this.#process.text.slice(this.#textMark).matchAll(/is fully encrypted and auth token is ([^ .]+)\./g),
    ]
    return shown.map(([, token]) => token).findLast((token) => token !== 'absent')
  }

  /** Its user has compared the authentication string of the call that is up with the far end. */
  async verifyAuthToken(): Promise<void> {
    const from = this.#process.mark()
    this.#process.send('zrtp-set-verified')
    await this.#process.waitFor(/is fully encrypted and auth token is /, { from })
  }

  /** Video packets that were delivered (decrypted, in time) since {@link listen}; known once the call has ended. */
  videoReceived(): number {
    const text = this.#logText().slice(this.#logMark)
    return Number(/VIDEO SESSION'S RTP STATISTICS[^]*?-received +(\d+) packets/.exec(text)?.[1] ?? 0)
  }

  /** The next thing that it prints after what was waited for before. */
  async #printed(pattern: RegExp): Promise<string> {
    const match = await this.#process.waitFor(pattern, { from: this.#mark, timeout: stepTimeout })
    this.#mark += match.index + match[0].length
    return match[0]
  }

  #logText(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'latin1') : ''
  }
}
