import { randomBytes, randomUUID } from 'node:crypto'

/** A lower-case UUID (version 4): the name of every object of ours. */
export const newUuid = (): string => randomUUID()

/**
 * The second name of a certificate: a sparse random number that JSON and every SDK carry without rounding.
 * At least 10^9, so that it never looks like a row count, and below 2^53.
 */
export function newNumber(): number {
  for (;;) {
    const number = Number(randomBytes(8).readBigUInt64BE() >> 11n)
    if (number >= 1_000_000_000) return number
  }
}

/** 32 lower-case hex characters: Huawei's shape of account, user and project ids, and of request ids. */
export const newHexId = (): string => randomBytes(16).toString('hex')

/** 16 decimal digits not starting with 0: Alibaba's shape of account and user ids. */
export function newDecimalId(): string {
  const number = randomBytes(8).readBigUInt64BE() % 9_000_000_000_000_000n
  return String(number + 1_000_000_000_000_000n)
}

/** Upper-case UUID text: Alibaba's shape of a request id. */
export const newRequestId = (): string => randomUUID().toUpperCase()

/** RFC 5280 §4.1.2.2, design 5: 16 random octets, positive (the sign bit cleared), never zero in front; lower-case hex. */
export function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40 // the leading octet stays non-zero, so that every serial has the same length
  return bytes.toString('hex')
}
