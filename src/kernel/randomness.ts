import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes, randomFillSync } from 'node:crypto'

/** Gives the next bytes, as many as asked for. */
export type Bytes = (size: number) => Buffer

const drawn = new AsyncLocalStorage<Bytes>()

/**
 * All ids and access keys made by `act`, now and later, come from these bytes. For the emulator's seeds alone: what is made so can be
 * told beforehand. Keys that sign, nonces and tokens come from the system in any case.
 */
export const drawingFrom = <T>(bytes: Bytes, act: () => T): T => drawn.run(bytes, act)

/** Random bytes for a secret. */
export const nextSecretBytes: Bytes = (size) => drawn.getStore()?.(size) ?? randomBytes(size)

/** Random bytes for a name. */
export const nextBytes: Bytes = (size) => drawn.getStore()?.(size) ?? ofThePage(size)

/**
 * Drawn from OpenSSL by the page: a draw costs some 4 µs whatever its size. Each octet is given out once. Not for keys or
 * secrets: what waits here to be given out is plain memory.
 */
const page = Buffer.alloc(4096)
let given = page.length

function ofThePage(count: number): Buffer {
  if (given + count > page.length) {
    randomFillSync(page)
    given = 0
  }
  given += count
  return page.subarray(given - count, given)
}
