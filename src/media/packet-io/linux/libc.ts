import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type * as Koffi from 'koffi'
import { MediaError } from '../../media-error.ts'
import { NumberedMemory } from '../../native-memory.ts'

/** An address out of {@link NumberedMemory.at}, of at least as many bytes as the call is told. */
type Address = number

/** The C functions that this driver calls, as sections 2 and 3 of Linux's manual describe them. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(socket: number, address: Address, length: number): number
  connect(socket: number, address: Address, length: number): number
  setsockopt(socket: number, level: number, option: number, value: Address, length: number): number
  recvfrom(
    socket: number,
    buffer: Address,
    length: number,
    flags: number,
    source: Address,
    sourceLength: Address,
  ): number
  recv(socket: number, buffer: Address, length: number, flags: number): number
  send(socket: number, buffer: Address, length: number, flags: number): number
  sendto(socket: number, buffer: Address, length: number, flags: number, remote: Address, remoteLength: number): number
  close(descriptor: number): number
  usleep(microseconds: number): number
  epoll_create1(flags: number): number
  epoll_ctl(epoll: number, operation: number, descriptor: number, event: Address): number
  epoll_wait(epoll: number, events: Address, most: number, timeout: number): number
}

/** The same functions as C declares them; addresses are numbers, because koffi is quickest with these. */
const declarations: Readonly<Record<keyof Libc, string>> = {
  socket: 'int socket(int domain, int type, int protocol)',
  bind: 'int bind(int fd, uintptr_t addr, unsigned int len)',
  connect: 'int connect(int fd, uintptr_t addr, unsigned int len)',
  setsockopt: 'int setsockopt(int fd, int level, int optname, uintptr_t optval, unsigned int optlen)',
  recvfrom: 'intptr_t recvfrom(int fd, uintptr_t buf, size_t n, int flags, uintptr_t addr, uintptr_t addr_len)',
  recv: 'intptr_t recv(int fd, uintptr_t buf, size_t n, int flags)',
  send: 'intptr_t send(int fd, uintptr_t buf, size_t n, int flags)',
  sendto: 'intptr_t sendto(int fd, uintptr_t buf, size_t n, int flags, uintptr_t addr, unsigned int addr_len)',
  close: 'int close(int fd)',
  usleep: 'int usleep(unsigned int usec)',
  epoll_create1: 'int epoll_create1(int flags)',
  epoll_ctl: 'int epoll_ctl(int epfd, int op, int fd, uintptr_t event)',
  epoll_wait: 'int epoll_wait(int epfd, uintptr_t events, int maxevents, int timeout)',
}

/** What the driver has of the system. */
export interface System {
  readonly libc: Libc
  /** The number of what went wrong in the call before, on this thread. */
  errno(): number
  /** Memory for native code, all zeros. */
  memory(length: number): NumberedMemory
  /** Memory that is there already, a whole ArrayBuffer. */
  view(bytes: Uint8Array<ArrayBuffer>): NumberedMemory
  /** The epoll instance of this thread's own event loop: it is ready when a message or an event waits for JavaScript. */
  readonly eventLoop: number
}

let loaded: System | undefined

/**
 * The functions, looked up once a thread.
 * @throws MediaError `MEDIA_LINUX_UNAVAILABLE` when this is another system, koffi has no build for it, or a function is missing
 */
export function linuxSystem(): System {
  return (loaded ??= load())
}

function load(): System {
  const unavailable = (why: string, cause?: unknown): MediaError =>
    new MediaError('MEDIA_LINUX_UNAVAILABLE', why, { cause })
  if (process.platform !== 'linux') throw unavailable(`this is ${process.platform}, not Linux`)
  if ((process.arch !== 'x64' && process.arch !== 'arm64') || endianness() !== 'LE')
    throw unavailable(`the processor is ${process.arch}, neither x64 nor arm64`)
  let koffi: typeof Koffi
  try {
    koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
  } catch (cause) {
    throw unavailable(`the package koffi does not load here: ${String(cause)}`, cause)
  }
  const functions: Record<string, unknown> = {}
  let eventLoop: number
  try {
    const process = koffi.load(null)
    for (const [name, declaration] of Object.entries(declarations)) functions[name] = process.func(declaration)
    eventLoop = eventLoopOf(process)
  } catch (cause) {
    throw unavailable(`the system or this Node lacks a function: ${String(cause)}`, cause)
  }
  const view = (bytes: Uint8Array<ArrayBuffer>): NumberedMemory =>
    new NumberedMemory(bytes, (memory) => koffi.address(memory))
  return {
    libc: functions as unknown as Libc,
    errno: () => koffi.errno(),
    memory: (length) => view(new Uint8Array(new ArrayBuffer(length))),
    view,
    eventLoop,
  }
}

/** What node.h, v8-isolate.h and uv.h declare: v8::Isolate::GetCurrent, node::GetCurrentEventLoop, uv_backend_fd. */
function eventLoopOf(process: Koffi.LibraryHandle): number {
  const isolate = process.func('_ZN2v87Isolate10GetCurrentEv', 'uintptr_t', []) as () => Address
  const loop = process.func('_ZN4node19GetCurrentEventLoopEPN2v87IsolateE', 'uintptr_t', ['uintptr_t']) as (
    isolate: Address,
  ) => Address
  const descriptor = process.func('int uv_backend_fd(uintptr_t loop)') as (loop: Address) => number
  return descriptor(loop(isolate()))
}

/** The error that a call has just reported, as Node's own functions throw it: with `code`, e.g. `EADDRINUSE`. */
export function systemError(system: System, call: string): NodeJS.ErrnoException {
  const errno = -system.errno()
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`${call} ${code}`), { errno, code, syscall: call })
}

/** Constants of <sys/socket.h>, <netinet/in.h>, <sys/epoll.h> and <errno.h>, the same on x86-64 and arm64. */
export const linux = {
  AF_UNSPEC: 0,
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_RCVBUF: 8,
  IPPROTO_IP: 0,
  IP_TOS: 1,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IPV6_TCLASS: 67,
  EPOLL_CLOEXEC: 0o2000000,
  EPOLL_CTL_ADD: 1,
  EPOLL_CTL_DEL: 2,
  EPOLLIN: 1,
  EINTR: 4,
  EAGAIN: 11,
} as const
