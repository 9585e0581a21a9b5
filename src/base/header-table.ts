/**
 * What becomes of a header field on its way from one leg of a call to the other.
 *
 * `own`: each leg has its own, or none. `part`: crosses in part, or with some messages. `rewritten`: crosses, its names of
 * dialogs changed to those of the other leg. `needed`: crosses as it came, always. `end-to-end`: crosses as it came, unless
 * `header-policy` says otherwise.
 */
export type Crossing = 'own' | 'part' | 'rewritten' | 'needed' | 'end-to-end'

/** Header fields with the same fate. */
export interface HeaderRow {
  /** Full names as the RFCs spell them. */
  readonly names: readonly string[]
  readonly crossing: Crossing
  /** Why, and how where that is not plain; for the documentation. */
  readonly why: string
}

/** Which header fields cross from leg to leg, and how: everything that is not in it is `end-to-end`. */
export const headerTable: readonly HeaderRow[] = [
  {
    names: ['Via', 'Route', 'Record-Route', 'Path', 'Service-Route', 'Max-Breadth', 'Proxy-Require', 'Flow-Timer'],
    crossing: 'own',
    why: 'the way to each phone is its own (RFC 3261)',
  },
  { names: ['Call-ID', 'CSeq'], crossing: 'own', why: 'two dialogs stand back to back' },
  { names: ['RSeq', 'RAck'], crossing: 'own', why: 'each leg numbers its reliable responses (RFC 3262)' },
  {
    names: ['Session-Expires', 'Min-SE'],
    crossing: 'own',
    why: 'each leg has its own session timer (RFC 4028)',
  },
  {
    names: ['Allow', 'Unsupported', 'User-Agent', 'Server'],
    crossing: 'own',
    why: 'each leg is told what this server can do and who it is',
  },
  {
    names: ['Security-Client', 'Security-Server', 'Security-Verify'],
    crossing: 'own',
    why: 'agreed on hop by hop (RFC 3329)',
  },
  {
    names: ['Authentication-Info', 'Proxy-Authentication-Info'],
    crossing: 'own',
    why: 'about the request that was authenticated, which is another one',
  },
  { names: ['Content-Length', 'Timestamp'], crossing: 'own', why: 'of the message on its own wire' },
  {
    names: ['X-Flexisip-B2BUA', 'flexisip-b2bua', 'X-Flexisip-B2BUA-Token'],
    crossing: 'own',
    why: "by which a proxy knows this server's own requests",
  },
  {
    names: ['From', 'To'],
    crossing: 'part',
    why: 'name and URI, in the INVITE; the tags are of each dialog',
  },
  { names: ['Contact'], crossing: 'part', why: 'only in a 3xx, where it names the new targets' },
  { names: ['Max-Forwards'], crossing: 'part', why: 'in the INVITE, one less, so that a loop dies' },
  {
    names: ['Supported', 'Require'],
    crossing: 'part',
    why: 'the option tags between phones: `replaces`, `join`, `norefersub`, `tdialog`, `histinfo`, `100rel`, `199`; of a response no Require',
  },
  {
    names: ['Authorization', 'Proxy-Authorization'],
    crossing: 'part',
    why: "in the INVITE: the caller's answers to the challenges that crossed to her",
  },
  {
    names: ['Content-Type', 'Content-Encoding', 'Content-Disposition', 'Content-Language', 'MIME-Version'],
    crossing: 'part',
    why: 'with the body that they describe; session descriptions are written anew',
  },
  {
    names: ['Replaces', 'Join', 'Target-Dialog'],
    crossing: 'rewritten',
    why: 'name the dialog of the phone behind the other leg, if theirs is of a call here (RFC 3891, RFC 3911, RFC 4538)',
  },
  {
    names: ['Refer-To'],
    crossing: 'rewritten',
    why: 'of an attended transfer: its Replaces as above, and its URI the phone behind (RFC 3515)',
  },
  { names: ['Event'], crossing: 'rewritten', why: 'the `id` of a `refer` subscription (RFC 3515)' },
  {
    names: ['Referred-By', 'Refer-Sub', 'Subscription-State', 'Expires', 'Allow-Events', 'Min-Expires'],
    crossing: 'needed',
    why: 'transfers and subscriptions do not work without them',
  },
  {
    names: ['WWW-Authenticate', 'Proxy-Authenticate'],
    crossing: 'needed',
    why: "the caller's phone has the password, not this server",
  },
  { names: ['Info-Package', 'Recv-Info'], crossing: 'needed', why: 'say what an INFO is about (RFC 6086)' },
  {
    names: ['Accept', 'Accept-Encoding'],
    crossing: 'needed',
    why: 'of a 415 or 200 to OPTIONS: what the other phone can read',
  },
  {
    names: ['Privacy'],
    crossing: 'needed',
    why: 'a wish of the user: without it, who comes after shows what is to be hidden (RFC 3323)',
  },
  {
    names: ['P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID', 'Identity', 'Identity-Info', 'Date'],
    crossing: 'end-to-end',
    why: 'who it is. Date is what Identity signs; where leg B has other DTLS fingerprints, an Identity that signs them fails (RFC 8224)',
  },
  { names: ['Diversion', 'History-Info'], crossing: 'end-to-end', why: 'where the call has been' },
  {
    names: ['Subject', 'Alert-Info', 'Call-Info', 'Organization', 'Priority', 'Reply-To', 'In-Reply-To'],
    crossing: 'end-to-end',
    why: 'what the phones show and how they ring',
  },
  {
    names: ['Reason', 'Warning', 'Retry-After', 'Error-Info'],
    crossing: 'end-to-end',
    why: 'why something was refused or ended. Reason crosses in BYE and CANCEL too, and one of this server is its own',
  },
  { names: ['Geolocation', 'Geolocation-Routing'], crossing: 'end-to-end', why: 'where the caller is (RFC 6442)' },
  {
    names: ['Accept-Contact', 'Reject-Contact', 'Request-Disposition', 'Answer-Mode', 'P-Early-Media', 'Session-ID'],
    crossing: 'end-to-end',
    why: 'wishes and marks that mean the same on both legs',
  },
]

const byKey: ReadonlyMap<string, HeaderRow> = new Map(
  headerTable.flatMap((row) => row.names.map((name) => [name.toLowerCase(), row] as const)),
)

/**
 * The row that names a header field; undefined for one that is end to end and not known here.
 * @param key - the full header name in lower case
 */
export function headerRow(key: string): HeaderRow | undefined {
  return byKey.get(key)
}
