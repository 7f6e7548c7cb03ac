import { randomUUID } from 'node:crypto'
import { nextBytes } from './randomness.ts'

/** A lower-case UUID (version 4): the name of every object of ours. */
export function newUuid(): string {
  const bytes = nextBytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/**
 * The second name of a certificate: a sparse number that JSON and every SDK carry as a number (below 2^48: from 16 digits on
 * pop-core makes text of it). It is made of random bits of the first name, a version 4 UUID, so that one index serves both.
 */
export function numberOfUuid(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}

/** A UUID whose number is at least 10^9, so that it never looks like a row count. */
export function newNumberedUuid(): string {
  for (;;) {
    const uuid = newUuid()
    if (numberOfUuid(uuid) >= 1_000_000_000) return uuid
  }
}

/** 32 lower-case hex characters: Huawei's shape of account, user and project ids, and of request ids. */
export const newHexId = (): string => nextBytes(16).toString('hex')

/** 16 decimal digits not starting with 0: Alibaba's shape of account and user ids. */
export function newDecimalId(): string {
  const number = nextBytes(8).readBigUInt64BE() % 9_000_000_000_000_000n
  return String(number + 1_000_000_000_000_000n)
}

/** Upper-case UUID text: Alibaba's shape of a request id. */
export const newRequestId = (): string => randomUUID().toUpperCase()

/** RFC 5280 §4.1.2.2, design 5: 16 random octets, positive (the sign bit cleared), never zero in front; lower-case hex. */
export function newSerial(): string {
  const bytes = nextBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40 // the leading octet stays non-zero, so that every serial has the same length
  return bytes.toString('hex')
}
