import { problem } from '../kernel/index.ts'
import type { GeneratedKey, KeyProvider, KeyReference, Linted, SignatureHash } from '../keys/index.ts'
import type { Freshness } from './freshness.ts'

/** Keys as they are beneath; what several processes do otherwise is in the classes below. */
class KeysOver implements KeyProvider {
  protected readonly keys: KeyProvider

  constructor(keys: KeyProvider) {
    this.keys = keys
  }

  get name(): string {
    return this.keys.name
  }

  get medium(): KeyProvider['medium'] {
    return this.keys.medium
  }

  sign(key: KeyReference, hash: SignatureHash, linted: Linted): Promise<Buffer> {
    return this.keys.sign(key, hash, linted)
  }

  generate(request: Omit<KeyReference, 'sealedPrivateKey'>): Promise<GeneratedKey> {
    return this.keys.generate(request)
  }

  importKey(request: Omit<KeyReference, 'sealedPrivateKey'>, pkcs8: Uint8Array): Promise<GeneratedKey> {
    return this.keys.importKey(request, pkcs8)
  }

  forget(keyId: string): Promise<void> {
    return this.keys.forget(keyId)
  }

  forgetAll(): Promise<void> {
    return this.keys.forgetAll()
  }

  destroy(keyId: string): Promise<'destroyed' | 'wasAbsent'> {
    return this.keys.destroy(keyId)
  }

  searchById(keyId: string): Promise<'present' | 'absent'> {
    return this.keys.searchById(keyId)
  }

  searchByPublicKey(spki: Uint8Array): Promise<string[]> {
    return this.keys.searchByPublicKey(spki)
  }

  proveControl(control: KeyReference, spki: Uint8Array): Promise<void> {
    return this.keys.proveControl(control, spki)
  }
}

/**
 * Keys of a process among others: it signs only while it holds its lease. When the lease has ended, another process may
 * take it for granted that nothing is held in memory here (design 3, the day).
 */
export class LeasedKeys extends KeysOver {
  private readonly freshness: Freshness

  constructor(keys: KeyProvider, freshness: Freshness) {
    super(keys)
    this.freshness = freshness
  }

  /** @throws Problem Unavailable without a lease; else as the provider beneath */
  override async sign(key: KeyReference, hash: SignatureHash, linted: Linted): Promise<Buffer> {
    if (!this.freshness.leaseHolds())
      throw problem('Unavailable', { reason: 'this process has lost touch with the database and does not sign' })
    return super.sign(key, hash, linted)
  }
}

/** Destroyed is what every process finds to be gone. */
export class KeysOfAllProcesses extends KeysOver {
  private readonly absentEverywhere: (keyId: string) => Promise<void>

  /** @param absentEverywhere see {@link import('./process-keeper.ts').ProcessKeeper.absentEverywhere} */
  constructor(keys: KeyProvider, absentEverywhere: (keyId: string) => Promise<void>) {
    super(keys)
    this.absentEverywhere = absentEverywhere
  }

  override async destroy(keyId: string): Promise<'destroyed' | 'wasAbsent'> {
    const answer = await super.destroy(keyId)
    await this.absentEverywhere(keyId)
    return answer
  }
}
