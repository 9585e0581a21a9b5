import { type SipRequest } from '../../src/sip/message/message.ts'
import { addVia } from '../../src/sip/transaction/stamp.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { type BranchMarks } from './branch-marks.ts'
import { type FlowTokens } from './flow-token.ts'
import { type OwnAddresses } from './own-address.ts'
import { addPath, dialogForming, recordRoute } from './record-route.ts'
import { countHop } from './request-checks.ts'
import { type Branch, type Passage } from './routing.ts'

/** Writes into requests what a proxy writes there before it passes them on (RFC 3261 §16.6). */
export class Forwarder {
  readonly #tokens: FlowTokens
  readonly #marks: BranchMarks
  readonly #own: OwnAddresses

  constructor(tokens: FlowTokens, marks: BranchMarks, own: OwnAddresses) {
    this.#tokens = tokens
    this.#marks = marks
    this.#own = own
  }

  /** The request of one branch, but for what depends on the flow: steps 1, 2, 3 and the Route of 6. */
  prepare({ request, breadth }: Passage, branch: Branch): SipRequest {
    const copy = { ...request, headers: request.headers.clone(), uri: branch.uri ?? request.uri }
    countHop(copy)
    if (breadth !== undefined) copy.headers.set('Max-Breadth', String(breadth))
    if (branch.routes !== undefined && branch.routes.length > 0) copy.headers.prepend('Route', branch.routes.join(', '))
    return copy
  }

  /**
   * Steps 4 and 8: Record-Route, Path and Via of a request with a transaction.
   * @param request - of the branch; is changed
   * @returns the branch in Via
   */
  stamp(request: SipRequest, passage: Passage, branch: Branch, to: Flow): string {
    const id = this.#marks.stateful(this.#tokens.of(passage.flow), passage.loopMark)
    this.#stamp(request, passage, branch, to, id)
    return id
  }

  /** As {@link Forwarder.stamp}, of a request without one: sent again it gets the same branch. */
  stampStateless(request: SipRequest, passage: Passage, branch: Branch, to: Flow): void {
    const id = this.#marks.stateless(request, this.#tokens.of(passage.flow), passage.loopMark)
    this.#stamp(request, passage, branch, to, id)
  }

  #stamp(request: SipRequest, passage: Passage, branch: Branch, to: Flow, id: string): void {
    const { flow, fromServer } = passage
    if (request.method === 'REGISTER') {
      addPath(request, to, this.#tokens.of(flow), request.headers.values('Via').length === 1)
      this.#own.learn(to)
    } else if (dialogForming.has(request.method)) {
      const from = { flow, token: fromServer ? undefined : this.#tokens.of(flow) }
      recordRoute(request, (token) => this.#marks.dialogMark(request, token), from, {
        flow: to,
        token: branch.phone === true ? this.#tokens.of(to) : undefined,
      })
      this.#own.learn(flow)
      this.#own.learn(to)
    }
    addVia(request, to, id)
  }
}
