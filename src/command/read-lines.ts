import { type Readable } from 'node:stream'

/** The lines of a stream of UTF-8. Only line feeds end them: node:readline would also split at U+2028 and at a lone CR. */
export async function* readLines(input: Readable): AsyncGenerator<string> {
  input.setEncoding('utf8')
  let rest = ''
  for await (const chunk of input) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
