import { type Heard } from './recording.ts'

/**
 * What the scenarios ask of a phone, whichever program it is. A phone is registered while it runs and has one call at a time;
 * {@link Phone.listen} begins a scenario, and all later waiting and hearing counts from there.
 */
export interface Phone {
  readonly name: string
  /** What its microphone hears. Each phone has its own, so that an echo is not taken for the far end. */
  readonly toneHz: number
  start(): Promise<void>
  stop(): Promise<void>
  /** Forgets earlier calls. */
  listen(): Promise<void>
  dial(uri: string): void
  /** Resolves when a call rings here. */
  incoming(): Promise<void>
  answer(): void
  /** Resolves when the call is up and its media runs. */
  established(): Promise<void>
  hold(): void
  resume(): void
  /** Ends the call that is up, cancels the one that it places, declines the one that rings. */
  hangup(): void
  /** Resolves with what the phone says of the end. */
  ended(): Promise<string>
  /**
   * How much of a tone came in since {@link listen}, its first `from` seconds left out. The recording is complete once the
   * call has ended.
   */
  heard(hz: number, from?: number): Heard
  /** Whether a UDP port is one of its media ports. */
  ownsPort(port: number): boolean
}

/** How long a phone may take for a step of a call, in milliseconds. */
export const stepTimeout = 15_000
