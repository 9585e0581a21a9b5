import { type Application, type CallRequest, type Decline, type Destination } from '../b2bua/application.ts'
import { parseNameAddr } from '../sip/message/name-addr.ts'
import { parseUri, uriParam } from '../sip/message/uri.ts'
import { decide, describeDecision, ruleAt } from './decide.ts'
import { type TrenscrypterRules } from './rules.ts'

/**
 * The main application: calls the original recipient through `outbound-proxy`, with leg B's encryption chosen by the
 * rules (reference: trenscrypter, "Selection algorithm"). One instance holds one set of rules for good; a reload makes
 * another.
 */
export class Trenscrypter implements Application {
  readonly name = 'trenscrypter'
  readonly #rules: TrenscrypterRules
  readonly #route: string

  /** @param outboundProxy the value of `outbound-proxy`: a URI, with or without angle brackets */
  constructor(rules: TrenscrypterRules, outboundProxy: string) {
    this.#rules = rules
    this.#route = looseRoute(outboundProxy)
  }

  decide({ recipient, offered }: CallRequest): Destination | Decline {
    const decision = decide(this.#rules, recipient, offered ?? 'none')
    if (decision.exhausted.length > 0) {
      // Passing over a rule that could not be finished could pass over somebody's encryption
      const why = `rule ${decision.exhausted.map(ruleAt).join(', ')} took too long for this recipient`
      return { kind: 'decline', status: 500, why }
    }
    return {
      kind: 'destination',
      uri: recipient,
      route: [this.#route],
      // Without a rule leg B follows leg A, and an offerless leg A has nothing to follow
      mode: offered === undefined && decision.rule === undefined ? undefined : decision.mode,
      suites: decision.suites ?? [],
      fallback: decision.fallback,
      because: describeDecision(decision),
    }
  }
}

/** A Route header value for the proxy, with the `lr` that loose routing needs (RFC 3261 §16.12). */
function looseRoute(proxy: string): string {
  const { uri } = parseNameAddr(proxy.startsWith('<') ? proxy : `<${proxy}>`)
  return uriParam(parseUri(uri), 'lr') === undefined ? `<${uri};lr>` : `<${uri}>`
}
