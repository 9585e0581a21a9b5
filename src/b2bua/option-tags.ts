/**
 * Option tags of extensions that are between the phones (RFC 3891, RFC 4488, RFC 4538, RFC 7044): this server only has to
 * let them pass, and so says that it supports them where the other phone does. In lower case.
 */
export const relayedOptions: readonly string[] = ['replaces', 'norefersub', 'tdialog', 'histinfo']
