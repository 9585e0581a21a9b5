/** Lower case of the ASCII letters alone, as `strcasecmp` compares in the C locale: sections and keys ignore case so. */
export function foldCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
