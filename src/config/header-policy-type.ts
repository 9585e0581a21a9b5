import { headerRow, headerTable } from '../base/header-table.ts'
import { type HeaderNames, type HeaderPolicy } from '../base/header-policy.ts'
import { nearest } from './nearest.ts'
import { quote } from './problem.ts'
import { splitList, ValueError, type ValueType } from './value-type.ts'

const knownNames = headerTable.flatMap(({ names }) => names.map((name) => name.toLowerCase()))

/** A header name (RFC 3261 §25.1, token), perhaps with a `*` behind it. */
const nameSyntax = /^([A-Za-z0-9.!%_+`'~-]*)(\*?)$/

/**
 * The value of `header-policy`: `-Name` for a header field that does not cross, `+Name` for one that crosses although another
 * word says that it does not. A `*` at the end of a name stands for anything.
 */
export const headerPolicy: ValueType<HeaderPolicy> = {
  name: 'StringList',
  parse(text) {
    const words = splitList(text).map((element) => element.text)
    const removed = namesOf(words, '-')
    const kept = namesOf(words, '+')
    for (const word of words) checkWord(word)
    if (removed.whole.size === 0 && removed.beginnings.length === 0 && words.length > 0) {
      throw new ValueError({
        what: 'nothing is removed that could be kept',
        instead: `write '-* ${words[0]!}' to let nothing else cross, or nothing at all`,
      })
    }
    return Object.freeze({ removed, kept })
  },
  advise(text) {
    return splitList(text).flatMap(({ text: word, offset }) => {
      const name = word.slice(1).toLowerCase()
      if (name.endsWith('*') || headerRow(name) !== undefined) return []
      const meant = nearest(name, knownNames)
      if (meant === undefined) return []
      return [
        { what: `${quote(word)} is no header of the table`, instead: `did you mean '${word[0]!}${meant}'?`, offset },
      ]
    })
  },
}

function namesOf(words: readonly string[], sign: '-' | '+'): HeaderNames {
  const names = words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1).toLowerCase())
  return {
    whole: new Set(names.filter((name) => !name.endsWith('*'))),
    beginnings: names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1)),
  }
}

/** @throws ValueError */
function checkWord(word: string): void {
  const name = word.replace(/^[-+]/, '')
  if (name === word) {
    throw new ValueError({
      what: `${quote(word)} does not say whether the header crosses`,
      instead: `write '-${name}' for one that stays behind, or '+${name}' for an exception to '-*'`,
    })
  }
  const [, letters, star] = nameSyntax.exec(name) ?? []
  if (letters === undefined || name === '') {
    throw name.includes('*')
      ? new ValueError({
          what: `${quote(word)} has a '*' that is not at its end`,
          instead: "write the beginning of a name and one '*', e.g. '-X-*'",
        })
      : new ValueError({
          what: `${quote(word)} is not the name of a header`,
          instead: "write a sign and a name, and spaces between words, e.g. '-P-Asserted-Identity -X-*'",
        })
  }
  if (star !== '') return // of what it stands for, only what is end to end is meant
  if (letters.length === 1) {
    throw new ValueError({ what: `${quote(word)} is a compact form`, instead: "write the full name, e.g. '-Subject'" })
  }
  const row = headerRow(letters.toLowerCase())
  if (row === undefined || row.crossing === 'end-to-end') return
  const how = { own: 'never crosses', part: 'crosses where it must', rewritten: 'must cross', needed: 'must cross' }
  throw new ValueError({ what: `${letters} ${how[row.crossing]}: ${row.why}`, instead: `remove '${word}'` })
}
