/** Whether `length` bytes from `offset` on are all within `size` bytes. Anything but two integers is not. */
export function isByteRange(offset: number, length: number, size: number): boolean {
  // 32 bit integers, so that their sum is exact
  return (offset | 0) === offset && (length | 0) === length && offset >= 0 && length >= 0 && offset + length <= size
}
