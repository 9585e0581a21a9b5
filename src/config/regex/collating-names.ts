/**
 * The names that `[[.name.]]` and `[[=name=]]` know in libstdc++: those of the portable character set (POSIX.1-2017,
 * Base Definitions, table 6-1), each standing for the byte of its place in ASCII.
 */
const names = (
  'NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed carriage-return SO SI DLE DC1 DC2 ' +
  'DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2 IS1 space exclamation-mark quotation-mark number-sign dollar-sign ' +
  'percent-sign ampersand apostrophe left-parenthesis right-parenthesis asterisk plus-sign comma hyphen period slash ' +
  'zero one two three four five six seven eight nine colon semicolon less-than-sign equals-sign greater-than-sign ' +
  'question-mark commercial-at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z left-square-bracket backslash ' +
  'right-square-bracket circumflex underscore grave-accent a b c d e f g h i j k l m n o p q r s t u v w x y z ' +
  'left-curly-bracket vertical-line right-curly-bracket tilde DEL'
).split(' ')

/** The byte that the collating element `name` stands for, or `undefined` when libstdc++ knows no such name. */
export function collatingByte(name: string): number | undefined {
  const byte = names.indexOf(name)
  return byte < 0 ? undefined : byte
}

/** The collating name of `byte`, or `undefined` from 0x80 on. */
export function collatingName(byte: number): string | undefined {
  return names[byte]
}
