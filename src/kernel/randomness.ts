import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'

/** Gives the next bytes, as many as asked for. */
export type Bytes = (size: number) => Buffer

const drawn = new AsyncLocalStorage<Bytes>()

/**
 * All ids and access keys made by `act`, now and later, come from these bytes. For the emulator's seeds alone: what is made so can be
 * told beforehand. Keys that sign, nonces and tokens come from the system in any case.
 */
export const drawingFrom = <T>(bytes: Bytes, act: () => T): T => drawn.run(bytes, act)

/** Random bytes for a name. */
export const nextBytes: Bytes = (size) => drawn.getStore()?.(size) ?? randomBytes(size)
