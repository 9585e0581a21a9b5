import { setTimeout as sleep } from 'node:timers/promises'
import { locatePeer, PeerProcess } from './peer-process.ts'

/** A running tcpdump of the loopback device, where everything of these tests goes. */
export class Capture {
  readonly file: string
  readonly #process: PeerProcess

  private constructor(file: string, process: PeerProcess) {
    this.file = file
    this.#process = process
  }

  /**
   * Starts a capture; packets count from the moment that this resolves.
   *
   * @param file the pcap file to write
   * @param filter tcpdump's filter expression
   */
  static async start(file: string, filter = 'udp or tcp'): Promise<Capture> {
    const tcpdump = new PeerProcess({
      name: 'tcpdump',
      command: locatePeer('tcpdump'),
      // -U with immediate mode: each packet reaches the file at once, so that it can be read while the call goes on
      args: ['-i', 'lo', '-n', '-U', '-s', '0', '--immediate-mode', '-B', '16384', '-Z', 'root', '-w', file, filter],
    }).start()
    await tcpdump.waitFor(/listening on/, { timeout: 5000 })
    return new Capture(file, tcpdump)
  }

  async stop(): Promise<void> {
    await sleep(200) // what is still on its way through the kernel
    await this.#process.stop()
  }
}
