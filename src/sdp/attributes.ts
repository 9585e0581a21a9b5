/** An attribute line without its `a=`: `name` or `name:value` (RFC 8866 §5.13). */
export type Attribute = string

/** The name, in lower case and without the blanks that nobody should put around it. */
export function attributeName(attribute: Attribute): string {
  const colon = attribute.indexOf(':')
  return (colon < 0 ? attribute : attribute.slice(0, colon)).trim().toLowerCase()
}

/** The value of the first attribute of that name; `''` for one without a value, `undefined` when there is none. */
export function attributeValue(attributes: readonly Attribute[], name: string): string | undefined {
  for (const attribute of attributes) {
    if (attributeName(attribute) !== name) continue
    const colon = attribute.indexOf(':')
    return colon < 0 ? '' : attribute.slice(colon + 1).trim()
  }
  return undefined
}

/** Says whether there is an attribute of that name. */
export function hasAttribute(attributes: readonly Attribute[], name: string): boolean {
  return attributes.some((attribute) => attributeName(attribute) === name)
}
