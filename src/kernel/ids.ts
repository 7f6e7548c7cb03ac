import { randomFillSync, randomUUID } from 'node:crypto'

/**
 * Random octets for names, drawn from OpenSSL by the page: a draw costs some 4 µs whatever its size. Each octet is given
 * out once. Not for keys or secrets: what waits here to be given out is plain memory.
 */
const drawn = Buffer.alloc(4096)
let given = drawn.length

function randomOctets(count: number): Buffer {
  if (given + count > drawn.length) {
    randomFillSync(drawn)
    given = 0
  }
  given += count
  return drawn.subarray(given - count, given)
}

/** A lower-case UUID (version 4): the name of every object of ours. */
export const newUuid = (): string => randomUUID()

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
export const newHexId = (): string => randomOctets(16).toString('hex')

/** 16 decimal digits not starting with 0: Alibaba's shape of account and user ids. */
export function newDecimalId(): string {
  const number = randomOctets(8).readBigUInt64BE() % 9_000_000_000_000_000n
  return String(number + 1_000_000_000_000_000n)
}

/** Upper-case UUID text: Alibaba's shape of a request id. */
export const newRequestId = (): string => randomUUID().toUpperCase()

/** RFC 5280 §4.1.2.2, design 5: 16 random octets, positive (the sign bit cleared), never zero in front; lower-case hex. */
export function newSerial(): string {
  const bytes = randomOctets(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40 // the leading octet stays non-zero, so that every serial has the same length
  return bytes.toString('hex')
}
