import { setImmediate } from 'node:timers/promises'
import type { Committer, Problem } from '../kernel/index.ts'
import type { CrlPart, RevocationStore } from './store.ts'

/** So much goes into one commit: the writer is soon free again for whoever issues meanwhile. */
const bytesInCommit = 1 << 20

/**
 * The entries of a CRL in the making, encoded. Few stay in memory; of many all but the last MiB lie in the database under
 * the CRL's number, where nobody sees them before the CRL is published. What a crash leaves there goes with the next CRL.
 */
export class CrlSpool {
  readonly #store: RevocationStore
  readonly #committer: Committer
  readonly #caId: string
  readonly #number: number
  readonly #gone: Problem
  #held: CrlPart[] = []
  #heldBytes = 0
  #staging: Promise<void> = Promise.resolve()
  #last = 0
  byteLength = 0

  /** @param gone what it fails with when a later CRL has swept away what was staged */
  constructor(parts: { store: RevocationStore; committer: Committer; caId: string; number: number; gone: Problem }) {
    this.#store = parts.store
    this.#committer = parts.committer
    this.#caId = parts.caId
    this.#number = parts.number
    this.#gone = parts.gone
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#held.push({ part: ++this.#last, bytes: chunk })
    this.#heldBytes += chunk.length
    this.byteLength += chunk.length
    if (this.#heldBytes < bytesInCommit) return
    await this.#staging
    const writes = this.#held.map((part) => this.#store.stagePart(this.#caId, this.#number, part))
    // The next entries are read while these are on their way.
    this.#staging = this.#committer.commit(writes)
    this.#staging.catch(() => undefined) // heard of when it is waited for
    this.#held = []
    this.#heldBytes = 0
  }

  /** All chunks in order, as often as needed, with pauses in which other work gets its turn. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    await this.#staging
    const staged = this.#last - this.#held.length
    for (let part = 1; part <= staged; part++) {
      const bytes = await this.#store.crlPart(this.#caId, this.#number, part)
      if (!bytes) throw this.#gone
      yield bytes
      await setImmediate()
    }
    for (const { bytes } of this.#held) yield bytes
  }

  /** What is still to be written when the CRL is published: the first part, those in memory, and the last. */
  rest(first: Uint8Array, last: Uint8Array): CrlPart[] {
    return [{ part: 0, bytes: first }, ...this.#held, { part: this.#last + 1, bytes: last }]
  }
}
