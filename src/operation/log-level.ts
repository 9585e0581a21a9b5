/** Flexisip's log levels, the gravest first (reference: cli-and-services §6). */
export type LogLevel = 'error' | 'warning' | 'message' | 'debug'

/** Rank of each level, as winston counts: a level takes its own lines and those of lower ranks. */
export const logLevels: Readonly<Record<LogLevel, number>> = { error: 0, warning: 1, message: 2, debug: 3 }

/** Syslog priorities of the levels (RFC 5424 §6.2.1): what journald and logger(1) read from `<N>` before a line. */
export const syslogPriorities: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, message: 5, debug: 7 }
