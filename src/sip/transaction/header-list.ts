/** Header fields to add to a message, name and value each, in order. */
export type HeaderList = readonly (readonly [name: string, value: string])[]
