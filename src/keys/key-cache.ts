import type { KeyObject } from 'node:crypto'

/** A private key in memory, with the reference it was unsealed for: a hit for another reference is no hit. */
interface Entry<Reference> {
  readonly reference: Reference
  readonly key: KeyObject
}

/**
 * The private keys this thread holds unsealed: at most `size`, the least recently used going first, and how many signatures
 * are under way with each, so that forgetting one can wait for them.
 */
export class KeyCache<Reference extends { readonly keyId: string }> {
  readonly #size: number
  readonly #entries = new Map<string, Entry<Reference>>()
  readonly #users = new Map<string, number>()
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #matches: (held: Reference, asked: Reference) => boolean

  constructor(size: number, matches: (held: Reference, asked: Reference) => boolean) {
    this.#size = size
    this.#matches = matches
  }

  get(reference: Reference): KeyObject | undefined {
    const entry = this.#entries.get(reference.keyId)
    if (!entry || !this.#matches(entry.reference, reference)) return undefined
    this.#entries.delete(reference.keyId)
    this.#entries.set(reference.keyId, entry)
    return entry.key
  }

  put(reference: Reference, key: KeyObject): void {
    this.#entries.delete(reference.keyId)
    this.#entries.set(reference.keyId, { reference, key })
    if (this.#entries.size <= this.#size) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  /** Runs `work`, which holds or fetches the private key; `forget` waits for it. */
  async using<T>(keyId: string, work: () => Promise<T>): Promise<T> {
    this.#users.set(keyId, (this.#users.get(keyId) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = (this.#users.get(keyId) ?? 1) - 1
      if (left > 0) {
        this.#users.set(keyId, left)
      } else {
        this.#users.delete(keyId)
        for (const done of this.#waiting.get(keyId) ?? []) done()
        this.#waiting.delete(keyId)
      }
    }
  }

  /**
   * Drops the key and waits until nobody uses it. Whoever began before may have put it back meanwhile, so it is dropped
   * again at the end.
   */
  async forget(keyId: string): Promise<void> {
    this.#entries.delete(keyId)
    if (!this.#users.has(keyId)) return
    await new Promise<void>((resolve) => {
      this.#waiting.set(keyId, [...(this.#waiting.get(keyId) ?? []), resolve])
    })
    this.#entries.delete(keyId)
  }

  /** The same for all keys, those included that are only in use. */
  async forgetAll(): Promise<void> {
    const keyIds = new Set([...this.#entries.keys(), ...this.#users.keys()])
    await Promise.all([...keyIds].map((keyId) => this.forget(keyId)))
  }
}
