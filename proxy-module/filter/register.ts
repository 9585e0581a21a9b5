import { type FilterAdvice, type FilterNode, formatFilter, formatOperand, type Operand } from './syntax.ts'

/** What the parser keeps while it goes along: the operand and the expression that it read last. */
export class Register {
  operand: Operand | undefined
  expression: FilterNode | undefined
  readonly #advice: FilterAdvice[]
  #operandAt = 0
  #operandUsed = true
  #expressionAt = 0

  constructor(advice: FilterAdvice[]) {
    this.#advice = advice
  }

  setOperand(operand: Operand, at: number): void {
    this.#adviseUnused()
    this.operand = operand
    this.#operandAt = at
    this.#operandUsed = false
  }

  /** The operand for an operator that follows it; it stays for further ones. */
  useOperand(): Operand | undefined {
    this.#operandUsed = true
    return this.operand
  }

  setExpression(expression: FilterNode, at: number): void {
    if (this.expression) {
      this.#advice.push({
        column: this.#expressionAt + 1,
        what: `${formatFilter(this.expression)} has no effect: ${formatFilter(expression)} behind it replaces it`,
        instead: "write '&&' or '||' between them, or remove it",
      })
    }
    this.expression = expression
    this.#expressionAt = at
  }

  /** Gives the expression away and begins anew, for what follows `&&` or `||`. */
  take(): FilterNode | undefined {
    const { expression } = this
    if (expression) this.#adviseUnused()
    this.operand = undefined
    this.expression = undefined
    this.#operandUsed = true
    return expression
  }

  #adviseUnused(): void {
    if (this.#operandUsed || !this.operand) return
    this.#advice.push({
      column: this.#operandAt + 1,
      what: `${formatOperand(this.operand)} has no effect: nothing is done with it`,
      instead: 'remove it, or write an operator behind it',
    })
  }
}
