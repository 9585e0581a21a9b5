import { type ByteSet } from './byte-set.ts'

/** A place between two bytes at which an assertion can hold. */
export type AssertedPlace = 'start' | 'end' | 'word-boundary' | 'inside-or-outside-word'

/** The syntax tree of a pattern. A sequence without items matches the empty text. */
export type PatternNode =
  | { readonly kind: 'byte'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | {
      readonly kind: 'repeat'
      readonly body: PatternNode
      readonly min: number
      /** `Infinity` where there is no upper bound. */
      readonly max: number
      readonly lazy: boolean
      /** Where the quantifier stands in the pattern, from 1. */
      readonly column: number
    }
  | { readonly kind: 'group'; readonly body: PatternNode; /** From 1. */ readonly number: number }
  | { readonly kind: 'look-ahead'; readonly body: PatternNode; readonly negative: boolean }
  | { readonly kind: 'assertion'; readonly place: AssertedPlace }
  | {
      readonly kind: 'reference'
      /** Number of the group that must have matched the same text. */ readonly group: number
    }

/** A parsed pattern. */
export interface PatternSyntax {
  readonly root: PatternNode
  /** How many groups capture. */
  readonly groups: number
  /** Whether a back-reference occurs: such a language is not regular. */
  readonly refersBack: boolean
}
