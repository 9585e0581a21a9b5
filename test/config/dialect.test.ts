import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type ConfigDocument, parseDocument } from '../../src/config/dialect.ts'

const read = (text: string): ConfigDocument => parseDocument('flexisip.conf', text)

/** The values of a document as nested objects, by section and key as first written. */
function valuesOf(document: ConfigDocument): Record<string, Record<string, string>> {
  return Object.fromEntries(
    [...document.sections.values()].map((section) => [
      section.name,
      Object.fromEntries([...section.entries.values()].map(({ key, value }) => [key, value])),
    ]),
  )
}

/** The value of `k` in section `s` of a file that has only this line. */
function valueOf(line: string): string | undefined {
  return read(`[s]\n${line}\n`).sections.get('s')!.entries.get('k')?.value
}

describe('the 24 traps of reading flexisip.conf with ini', () => {
  test('1: a semicolon in a URI is part of it', () => {
    assert.equal(valueOf('k=sip:127.0.0.1:6067;transport=tcp'), 'sip:127.0.0.1:6067;transport=tcp')
  })

  test('2: a semicolon in a regex is part of it', () => {
    assert.equal(valueOf('k=zrtp .*@sip\\.secure-example\\.org(;.*)?'), 'zrtp .*@sip\\.secure-example\\.org(;.*)?')
  })

  test('3: a semicolon between crypto suites is part of the value', () => {
    assert.equal(valueOf('k=A;B .*'), 'A;B .*')
  })

  test('4: a hash behind a value is part of it', () => {
    assert.equal(valueOf('k=x # y'), 'x # y')
  })

  test('5: a line that begins with a semicolon is a parameter, not a comment', () => {
    assert.deepEqual(valuesOf(read('[s]\n;semi=1\n')), { s: { ';semi': '1' } })
  })

  test('6: backslashes are kept', () => {
    assert.equal(valueOf('k=a\\;b\\#c\\\\d\\.e'), 'a\\;b\\#c\\\\d\\.e')
  })

  test('7: double quotes are kept', () => {
    assert.equal(valueOf('k="quoted v"'), '"quoted v"')
  })

  test('8: single quotes are kept', () => {
    assert.equal(valueOf("k='a' == 'b'"), "'a' == 'b'")
  })

  test('9: dots in a section nest nothing', () => {
    assert.deepEqual(valuesOf(read('[a]\nz=0\n[a.b.c]\nx=1\n')), { a: { z: '0' }, 'a.b.c': { x: '1' } })
  })

  test('10: what stands behind a section is ignored', () => {
    assert.deepEqual(valuesOf(read('[a]\nz=0\n[b2bua-server::sip-bridge] ; c\nx=1\n')), {
      a: { z: '0' },
      'b2bua-server::sip-bridge': { x: '1' },
    })
  })

  test('11: brackets behind a key make no array, and a second one is a duplicate', () => {
    const document = read('[s]\narr[]=1\narr[]=2\n')
    assert.deepEqual(valuesOf(document), { s: { 'arr[]': '1' } })
    assert.deepEqual(
      document.problems.map(({ severity, code, line, column }) => ({ severity, code, line, column })),
      [{ severity: 'error', code: 'CONFIG_DUPLICATE_KEY', line: 3, column: 1 }],
    )
  })

  test('12: a key that comes twice is an error', () => {
    const [problem] = read('[s]\nk=1\nother=1\n  k=2\n').problems
    assert.equal(problem?.severity, 'error')
    assert.equal(problem.code, 'CONFIG_DUPLICATE_KEY')
    assert.match(problem.what, /'k' is in \[s\] already, on line 2/)
    assert.deepEqual([problem.line, problem.column], [4, 3])
  })

  test('13: true, false and null are texts', () => {
    assert.deepEqual(valuesOf(read('[s]\nb=true\nc=false\nd=null\n')), { s: { b: 'true', c: 'false', d: 'null' } })
  })

  test('14: a word without an equals sign is ignored', () => {
    assert.deepEqual(valuesOf(read('[s]\nflagonly\n')), { s: {} })
  })

  test('15: the case of sections and keys does not count', () => {
    assert.equal(read('[s]\nK=1\nk=2\n').problems[0]?.code, 'CONFIG_DUPLICATE_KEY')
    const document = read('[Module::B2bua]\na=1\n[other]\n[MODULE::b2bua]\nB=2\n')
    assert.deepEqual(valuesOf(document), { 'Module::B2bua': { a: '1', B: '2' }, other: {} })
    assert.deepEqual(document.problems, [])
  })

  test('16: an equals sign with nothing behind is as if the line were not there', () => {
    assert.equal(valueOf('k='), undefined)
  })

  test('17: a key before any section is dropped with a warning', () => {
    const document = read('k=1\n[s]\n')
    assert.deepEqual(valuesOf(document), { s: {} })
    assert.deepEqual(
      document.problems.map(({ severity, line, column }) => [severity, line, column]),
      [['warning', 1, 1]],
    )
  })

  test('18: tabs around a value are kept', () => {
    assert.equal(valueOf('k=\tv\t'), '\tv\t')
  })

  test('19: the carriage return of a CRLF file is part of the value', () => {
    const document = read('[s]\r\nk=true\r\nl=2\r\n')
    assert.deepEqual(valuesOf(document), { s: { k: 'true\r', l: '2\r' } })
    assert.deepEqual(
      document.problems.map(({ code, line }) => [code, line]),
      [['CONFIG_CRLF', 2]],
    )
  })

  test('20: only the first word of what stands before the equals sign is the key', () => {
    assert.deepEqual(valuesOf(read('[s]\nmy key=v\n')), { s: { my: 'v' } })
  })

  test('21: only the first word in the brackets is the section', () => {
    assert.deepEqual(valuesOf(read('[ spaced sec ]\nk=v\n')), { spaced: { k: 'v' } })
  })

  test('22: __proto__ is an ordinary key and section', () => {
    const document = read('[__proto__]\n__proto__=1\nconstructor=2\n')
    const section = document.sections.get('__proto__')!
    assert.equal(section.entries.get('__proto__')?.value, '1')
    assert.equal(section.entries.get('constructor')?.value, '2')
  })

  test('23: spaces at the end of a last line without a line feed are kept', () => {
    assert.equal(read('[s]\nk=v   ').sections.get('s')!.entries.get('k')?.value, 'v   ')
    assert.equal(valueOf('k=v   '), 'v')
  })

  test('24: a section without its closing bracket is ignored', () => {
    const document = read('[s]\n[unclosed\n[un=closed\nk=v\n')
    assert.deepEqual(valuesOf(document), { s: { k: 'v' } })
    assert.deepEqual(
      document.problems.map(({ severity, line }) => [severity, line]),
      [
        ['warning', 2],
        ['warning', 3],
      ],
    )
  })
})

describe('line grammar', () => {
  test('a comment may be indented by spaces', () => {
    assert.deepEqual(valuesOf(read('[s]\n   # k=1\n#l=2\n')), { s: {} })
  })

  test('a tab before a comment makes it a parameter, with a warning', () => {
    const document = read('[s]\n\t# x = 1\n')
    assert.deepEqual(valuesOf(document), { s: { '#': '1' } })
    assert.deepEqual(
      document.problems.map(({ severity, line, column }) => [severity, line, column]),
      [['warning', 2, 2]],
    )
  })

  test('a tab before a comment without an equals sign harms nobody', () => {
    assert.deepEqual(read('[s]\n\t# only words\n').problems, [])
  })

  test('a section may be indented by spaces, and not by a tab', () => {
    assert.deepEqual(valuesOf(read('  [a]\nk=1\n\t[b]\nl=2\n')), { a: { k: '1', l: '2' } })
    assert.equal(read('[a]\n\t[b]\n').problems.length, 1)
  })

  test('a bracket behind other text is no section', () => {
    assert.deepEqual(valuesOf(read('[s]\ny[0]=2\n')), { s: { 'y[0]': '2' } })
  })

  test('an equals sign may be part of a section', () => {
    assert.deepEqual(valuesOf(read(' [z=1]\nk=1\n')), { 'z=1': { k: '1' } })
  })

  test('a section without a name leaves the one before open', () => {
    const document = read('[s]\n[]\nk=1\n[   ]\nl=2\n')
    assert.deepEqual(valuesOf(document), { s: { k: '1', l: '2' } })
    assert.equal(document.problems.length, 2)
  })

  test('the first equals sign splits', () => {
    assert.equal(valueOf('k=a==b'), 'a==b')
    assert.equal(valueOf('k==b'), '=b')
  })

  test('nothing before the equals sign: the line is ignored', () => {
    assert.deepEqual(valuesOf(read('[s]\n=v\n \t = v\n')), { s: {} })
  })

  test('an equals sign with a space behind is an empty value', () => {
    assert.equal(valueOf('k= '), '')
    assert.equal(valueOf('k=     '), '')
  })

  test('an equals sign as the last byte of the file is an empty value', () => {
    assert.equal(read('[s]\nk=').sections.get('s')!.entries.get('k')?.value, '')
  })

  test('there are no continuation lines', () => {
    assert.deepEqual(valuesOf(read('[s]\nk=1 \\\n  2\n')), { s: { k: '1 \\' } })
  })

  test('spaces before a value are removed, and its column is where it begins', () => {
    const entry = read('[s]\n  k  =   v w  \n').sections.get('s')!.entries.get('k')!
    assert.equal(entry.value, 'v w')
    assert.deepEqual(entry.keyAt, { file: 'flexisip.conf', line: 2, column: 3 })
    assert.deepEqual(entry.at, { file: 'flexisip.conf', line: 2, column: 10 })
  })

  test('a byte order mark hides the section of the first line', () => {
    const document = read('\xEF\xBB\xBF[s]\nk=1\n[t]\nl=2\n')
    assert.deepEqual(valuesOf(document), { t: { l: '2' } })
    assert.deepEqual(
      document.problems.map(({ severity, line }) => [severity, line]),
      [
        ['warning', 1],
        ['warning', 1],
        ['warning', 2],
      ],
    )
  })

  test('bytes above 127 are kept one by one', () => {
    const bytes = Buffer.from('[s]\nk=.*@müller\xff', 'utf8')
    const value = read(bytes.toString('latin1')).sections.get('s')!.entries.get('k')!.value
    assert.deepEqual(Buffer.from(value, 'latin1'), Buffer.from('.*@müller\xff', 'utf8'))
  })

  test('a NUL byte ends what is read of a line', () => {
    const document = read('[s]\nk=v  \0 w\nl=1\n')
    assert.deepEqual(valuesOf(document), { s: { k: 'v  ', l: '1' } })
    assert.deepEqual([document.problems[0]?.line, document.problems[0]?.column], [2, 6])
  })

  test('positions count the lines that say nothing', () => {
    const entry = read('\n# c\n\n[s]\n\n\nk=1').sections.get('s')!.entries.get('k')!
    assert.equal(entry.at.line, 7)
  })

  test('an empty file has no sections', () => {
    assert.equal(read('').sections.size, 0)
  })
})

describe('lines of more than 20479 bytes', () => {
  const line = (length: number): string => `k=${'x'.repeat(length - 2)}`

  test('a line of 20478 bytes is read whole, with the spaces at its end removed', () => {
    assert.equal(valueOf(`${line(20_470)}        `)?.length, 20_468)
  })

  test('of a line of exactly 20479 bytes the spaces at its end are kept, for its line feed comes later', () => {
    const document = read(`[s]\n${line(20_470)}         \nl=1\n`)
    assert.equal(document.sections.get('s')!.entries.get('k')?.value.length, 20_477)
    assert.equal(document.sections.get('s')!.entries.get('l')?.at.line, 3)
    assert.deepEqual(document.problems, [])
  })

  test('what is left of a longer line is read as another line, at its own column', () => {
    const document = read(`[s]\n${line(20_479)}l=2\nm=3\n`)
    const { entries } = document.sections.get('s')!
    assert.equal(entries.get('k')?.value.length, 20_477)
    assert.deepEqual(entries.get('l')?.keyAt, { file: 'flexisip.conf', line: 2, column: 20_480 })
    assert.equal(entries.get('m')?.at.line, 3)
    assert.equal(document.problems.length, 1)
  })

  test('a piece without an equals sign is ignored', () => {
    const document = read(`[s]\n${line(50_000)}\n`)
    assert.deepEqual([...document.sections.get('s')!.entries.keys()], ['k'])
    assert.equal(document.problems.length, 2)
  })
})

describe('any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('latin1'))

  test('a value of any bytes but line feed and NUL comes out as it went in', () => {
    const value = bytes.map((text) =>
      text
        .replaceAll(/[\n\0]/g, '.')
        .replace(/^ +/, '')
        .replace(/ +$/, ''),
    )
    fc.assert(
      fc.property(value, (text) => {
        fc.pre(text !== '')
        assert.equal(valueOf(`k=${text}`), text)
      }),
    )
  })

  test('no file makes it throw, and every place is inside of the file', () => {
    const line = fc.oneof(bytes, fc.stringMatching(/^[ \t]?[[\]=#;a-z .]{0,12}$/))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const text = lines.join('\n')
        const document = read(text)
        const count = text.split('\n')
        for (const section of document.sections.values()) {
          for (const { at, keyAt, key, value } of section.entries.values()) {
            const source = count[at.line - 1]!
            assert.equal(source.slice(keyAt.column - 1, keyAt.column - 1 + key.length), key)
            assert.equal(source.slice(at.column - 1, at.column - 1 + value.length), value)
          }
        }
      }),
    )
  })
})
