import type { Problem, Write } from '../kernel/index.ts'
import type { KeyAlgorithmName } from '../x509/index.ts'

/**
 * A CA key as the database knows it. `condemned`: its destruction has been decided and will be carried through, also
 * after a crash; nothing signs with it. `destroyed`: the data key is gone, and so is the sealed private part.
 */
export interface CaKey {
  id: string
  accountId: string
  algorithm: KeyAlgorithmName
  spki: Uint8Array
  sealedPrivateKey: Uint8Array | null
  state: 'live' | 'condemned' | 'destroyed'
  createdAt: number
  destroyedAt: number | null
}

export interface KeyStore {
  find(id: string): Promise<CaKey | undefined>
  /** The ids of all keys that may sign. */
  liveIds(): Promise<string[]>
  /** Keys whose destruction was decided and not yet confirmed. */
  condemned(): Promise<CaKey[]>
  insert(key: CaKey): Write
  /** A condition of a commit: no key, destroyed ones included, has this public key. */
  unknown(spki: Uint8Array, otherwise: Problem): Write
  /** Holds only for a live key. */
  condemn(id: string, otherwise: Problem): Write
  /** Holds only for a condemned key; the sealed private part leaves the database with it. */
  destroyed(id: string, at: number, otherwise: Problem): Write
}

/** A copy of the keyring that was made, by its number; also one that was begun and of which nobody knows more. */
export interface KeyringCopy {
  number: number
  madeAt: number
  /** Where the operator said that it goes. */
  place: string
  /** When and by whom it was said to be destroyed; null while it is out there. */
  attestedAt: number | null
  attestedBy: string | null
}

export interface KeyringCopyStore {
  /** Newest first, with how many keys each of them may hold. */
  list(): Promise<(KeyringCopy & { keys: number })[]>
  /** 0 before the first. */
  lastNumber(): Promise<number>
  /** The copies that were made while the key was there, in the order of their numbers. */
  holding(keyId: string): Promise<Pick<KeyringCopy, 'number' | 'attestedAt'>[]>
  /** Notes a copy before it is made; `taken` when somebody else has taken the number. */
  insert(copy: KeyringCopy, keyIds: readonly string[], taken: Problem): Write[]
  /** Holds only for a copy that is out there. */
  attest(number: number, at: number, by: string, otherwise: Problem): Write
}
