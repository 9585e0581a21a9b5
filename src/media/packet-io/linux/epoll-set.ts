import { linux, systemError, type System } from './libc.ts'
import { type NumberedMemory } from '../../native-memory.ts'

/** Sockets that one poll tells of at most; the others wait for the next. */
export const mostReady = 512
/** 32 bit words of a `struct epoll_event`, which is packed on x86-64 only, and which of them hold the data. */
const stride = process.arch === 'x64' ? 3 : 4
const dataAt = stride - 2

/** An epoll instance, which is its owner's to close, and the memory that it reports into. */
export class EpollSet {
  readonly #system: System
  readonly #events: NumberedMemory
  readonly #pointer: number
  readonly #words: Int32Array
  readonly descriptor: number

  /** @throws the operating system's error with its `code`, e.g. `EMFILE` */
  constructor(system: System) {
    this.#system = system
    this.#events = system.memory(mostReady * stride * 4)
    this.#pointer = this.#events.at(0, this.#events.bytes.length)
    this.#words = new Int32Array(this.#events.bytes.buffer)
    this.descriptor = system.libc.epoll_create1(linux.EPOLL_CLOEXEC)
    if (this.descriptor < 0) throw systemError(system, 'epoll_create1')
  }

  /**
   * Watches a socket for what arrives, until it is closed.
   * @param serial told with each event, because a descriptor's number is soon another socket's
   * @throws the operating system's error with its `code`
   */
  add(socket: number, serial: number): void {
    this.#words[0] = linux.EPOLLIN
    this.#words[dataAt] = socket
    this.#words[dataAt + 1] = serial
    const { libc } = this.#system
    if (libc.epoll_ctl(this.descriptor, linux.EPOLL_CTL_ADD, socket, this.#pointer) < 0)
      throw systemError(this.#system, 'epoll_ctl')
  }

  /**
   * Watches the thread's own event loop too, which is no socket's but is told like one.
   * @throws the operating system's error with its `code`
   */
  addEventLoop(): void {
    this.add(this.#system.eventLoop, 0)
  }

  /**
   * Waits until a socket has something.
   * @param timeout milliseconds; 0 looks only
   * @returns how many have, to be asked for by {@link socket} and {@link serial}
   */
  wait(timeout: number): number {
    const ready = this.#system.libc.epoll_wait(this.descriptor, this.#pointer, mostReady, timeout)
    return ready < 0 ? 0 : ready // EINTR
  }

  socket(index: number): number {
    return this.#words[index * stride + dataAt]!
  }

  serial(index: number): number {
    return this.#words[index * stride + dataAt + 1]!
  }
}
