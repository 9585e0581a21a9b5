const alphabet = 'ybndrfg8ejkmcpqxot1uwisza345h769'

/** The SAS as users compare it, in base 32: four characters of the first 20 bits (RFC 6189 §5.1.6). */
export function renderSas(value: Buffer): string {
  const bits = value.readUInt32BE(0)
  return [27, 22, 17, 12].map((shift) => alphabet[(bits >>> shift) & 31]).join('')
}
