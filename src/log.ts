import pino from 'pino'

/** What the process says of itself: one JSON line each on stderr. No request bodies, no queries, no secrets go in here. */
export interface Logger {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}

export const newLogger = (): Logger =>
  pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }))
