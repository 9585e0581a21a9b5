import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crossesWhole } from '../../src/base/header-policy.ts'
import { headerPolicy } from '../../src/config/header-policy-type.ts'
import { ValueError } from '../../src/config/value-type.ts'

const crossing = (text: string, ...names: string[]): string[] =>
  names.filter((name) => crossesWhole(name.toLowerCase(), headerPolicy.parse(text)))

describe('header-policy', () => {
  for (const [text, ...crosses] of [
    ['', 'Subject', 'P-Asserted-Identity', 'X-Tenant', 'X-Other', 'Privacy', 'Refer-To'],
    ['-P-Asserted-Identity', 'Subject', 'X-Tenant', 'X-Other', 'Privacy', 'Refer-To'],
    ['-p-asserted-identity -x-*  +X-TENANT', 'Subject', 'X-Tenant', 'Privacy', 'Refer-To'],
    ['+X-Tenant -X-*', 'Subject', 'P-Asserted-Identity', 'X-Tenant', 'Privacy', 'Refer-To'],
    ['-* +Subject +X-*', 'Subject', 'X-Tenant', 'X-Other', 'Privacy', 'Refer-To'],
    ['-*', 'Privacy', 'Refer-To'],
  ] as const)
    test(`'${text}' lets ${crosses.join(', ')} cross`, () => {
      const all = ['Subject', 'P-Asserted-Identity', 'X-Tenant', 'X-Other', 'Privacy', 'Refer-To', 'Via', 'Contact']
      assert.deepEqual(crossing(text, ...all), crosses)
    })

  test('warns of a name that is probably misspelt, and of no other', () => {
    const advice = headerPolicy.advise!('-X-Tenant -Divertion -P-Asserted-Identity -Dat*')
    assert.deepEqual(
      advice.map(({ instead, offset }) => [instead, offset]),
      [["did you mean '-diversion'?", 10]],
    )
  })

  for (const [text, what, instead] of [
    ['Subject', "'Subject' does not say whether", "write '-Subject'"],
    ['only Subject', "'only' does not say whether", "write '-only'"],
    ['-X-*-Id', "'-X-*-Id' has a '*' that is not at its end", "'-X-*'"],
    ['-X-**', "'-X-**' has a '*'", "'-X-*'"],
    ['-Subject:', "'-Subject:' is not the name", "'-P-Asserted-Identity -X-*'"],
    ['-Subject,-Organization', 'is not the name', 'spaces between words'],
    ['-', "'-' is not the name", 'write a sign'],
    ['-s', "'-s' is a compact form", 'full name'],
    ['-Via', 'Via never crosses: the way', "remove '-Via'"],
    ['-* +Record-Route', 'Record-Route never crosses', "remove '+Record-Route'"],
    ['-Refer-To', 'Refer-To must cross', "remove '-Refer-To'"],
    ['-Privacy', 'Privacy must cross: a wish', "remove '-Privacy'"],
    ['-content-type', 'content-type crosses where it must', "remove '-content-type'"],
    ['+Subject', 'nothing is removed', "'-* +Subject'"],
  ] as const)
    test(`'${text}' is a mistake that says what to write`, () => {
      assert.throws(
        () => headerPolicy.parse(text),
        (error) => error instanceof ValueError && error.what.includes(what) && error.instead.includes(instead),
      )
    })
})
