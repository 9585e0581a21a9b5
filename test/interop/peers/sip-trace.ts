import { packets, type CapturedPacket } from './pcap.ts'

/** One SIP message as it crossed the wire. */
export interface TracedMessage {
  /** Seconds since 1970, of the packet that completed it. */
  readonly time: number
  readonly protocol: 'udp' | 'tcp'
  /** address:port */
  readonly source: string
  readonly destination: string
  readonly startLine: string
  /** Method of a request, of the CSeq for a response. */
  readonly method: string
  /** Status of a response. */
  readonly status: number | undefined
  /** Every header field in order, name as written. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** The values of a header, in order; the name in any case. */
export function headerValues(message: TracedMessage, name: string): string[] {
  const wanted = name.toLowerCase()
  return message.headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value)
}

/** The value of a header that must be there exactly once. */
export function onlyHeader(message: TracedMessage, name: string): string {
  const values = headerValues(message, name)
  if (values.length !== 1) throw new Error(`${message.startLine}: ${values.length} header fields ${name}`)
  return values[0]!
}

/** Reads one whole SIP message, or says nothing when the text is none (a keep-alive, another protocol). */
export function readMessage(
  text: string,
  at: Pick<TracedMessage, 'time' | 'protocol' | 'source' | 'destination'>,
): TracedMessage | undefined {
  const blank = text.indexOf('\r\n\r\n')
  if (blank < 0) return undefined
  const [startLine = '', ...lines] = text.slice(0, blank).split('\r\n')
  const request = /^([A-Z]+) \S+ SIP\/2\.0$/.exec(startLine)
  const response = /^SIP\/2\.0 (\d{3}) /.exec(startLine)
  if (!request && !response) return undefined
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const
  })
  const cseq = headers.find(([name]) => name.toLowerCase() === 'cseq')?.[1] ?? ''
  return {
    ...at,
    startLine,
    method: request?.[1] ?? cseq.split(' ').at(-1) ?? '',
    status: response ? Number(response[1]) : undefined,
    headers,
    body: text.slice(blank + 4),
  }
}

/** The SIP messages of a capture over UDP and TCP, in the order of their completion. Retransmissions of TCP are joined. */
export function sipMessages(file: string): TracedMessage[] {
  const messages: TracedMessage[] = []
  const streams = new Map<string, TracedStream>()
  for (const packet of packets(file)) {
    if (packet.protocol === 'udp') {
      const message = readMessage(packet.data.toString('latin1'), packet)
      if (message) messages.push(message)
      continue
    }
    const key = `${packet.source} ${packet.destination}`
    let stream = streams.get(key)
    if (!stream || packet.opens) streams.set(key, (stream = new TracedStream()))
    messages.push(...stream.add(packet))
  }
  return messages
}

/** One direction of one TCP connection. On loopback segments come in order; what was seen already is skipped. */
class TracedStream {
  readonly #cutter = new MessageCutter()
  #next: number | undefined

  /** Takes a segment; returns the messages that it completes. */
  add(packet: CapturedPacket): TracedMessage[] {
    if (packet.opens) {
      this.#next = (packet.sequence + 1) >>> 0
      return []
    }
    const seen = this.#next === undefined ? 0 : (this.#next - packet.sequence) | 0
    if (seen >= packet.data.length) return []
    this.#next = (packet.sequence + packet.data.length) >>> 0
    return this.#cutter
      .add(packet.data.toString('latin1', Math.max(0, seen)))
      .map((text) => readMessage(text, packet))
      .filter((message) => message !== undefined)
  }
}

/** Cuts the text of a stream into SIP messages by Content-Length (RFC 3261 §18.3). */
export class MessageCutter {
  #text = ''

  /** Takes what came; returns the messages that it completes. */
  add(text: string): string[] {
    this.#text += text
    const messages: string[] = []
    for (;;) {
      const begin = /[^\r\n]/.exec(this.#text)?.index
      if (begin === undefined) return messages
      const blank = this.#text.indexOf('\r\n\r\n', begin)
      if (blank < 0) return messages
      const declared = /\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)/i.exec(this.#text.slice(begin, blank))?.[1]
      const end = blank + 4 + Number(declared ?? 0)
      if (this.#text.length < end) return messages
      messages.push(this.#text.slice(begin, end))
      this.#text = this.#text.slice(end)
    }
  }
}
