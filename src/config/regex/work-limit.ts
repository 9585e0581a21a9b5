/**
 * How much work one match may take, in steps of 5 to 10 ns. Counting steps instead of reading a clock makes the outcome
 * depend on the pattern and the text alone: a busy machine never decides a call otherwise than an idle one.
 */
export const workLimit = 200_000
