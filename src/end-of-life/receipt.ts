import { createHash } from 'node:crypto'
import type { Ca, Deletion } from '../ca/index.ts'
import { unexpiredOf, type ByState, type UnderCa } from '../issuance/index.ts'
import type { CaKey } from '../keys/index.ts'
import type { CrlRecord } from '../revocation/index.ts'
import type { AtParent } from './revoke-all.ts'

/**
 * How surely a key is gone. `local`: destroyed here, copies of the keyring may be outstanding; `keyring`: every numbered copy of
 * the keyring is attested destroyed.
 */
export type DestructionLevel = 'local' | 'keyring'

export const receiptForm = 'certkeep receipt 1'

/**
 * The statement of a CA's destruction: the facts of its entry in the audit log, to the letter, and what `/receipt/{ca-id}`
 * shows with signature and proof. Times in ms of the domain clock, digests in hexadecimal. Verifiers outside read it: members may
 * be added, never renamed.
 */
export interface Receipt {
  receipt: typeof receiptForm
  ca: { id: string; commonName: string; serial: string | null; notAfter: number | null; certificateSha256: string }
  /** Who asked, when, and for what. */
  requested: Deletion | null
  /** Who approved; none where no approval was asked for. */
  approvedBy: readonly { userId: string; userName: string; at: number }[]
  dueAt: number | null
  destroyedAt: number
  /** What stood under the CA then. */
  under: { leaves: ByState; cas: ByState; unexpired: number; lastNotAfter: number | null }
  /** Where `revokeAll` was chosen: what became of the CA's own certificate. */
  ownCertificate?: AtParent
  finalCrl: {
    number: number
    entries: number
    thisUpdate: number
    nextUpdate: number
    sha256: string
    /** Every URL that it was read back from. */
    readBackFrom: readonly string[]
  }
  key:
    | {
        id: string
        algorithm: string
        spkiSha256: string
        method: string
        level: DestructionLevel
        /** The providers in which it was searched for, and not found, by id and by public key. */
        searched: readonly string[]
        /** Of a key that came from outside: nothing here can speak for the copies there. */
        origin?: string
      }
    /** It lives on. */
    | { id: string; method: 'none: another CA certificate hangs on this key'; otherCas: readonly string[] }
}

export interface Ended {
  ca: Ca
  at: number
  under: UnderCa
  atParent: AtParent | undefined
  crl: CrlRecord
  readBackFrom: readonly string[]
  key: { destroyed: CaKey; searched: readonly string[] } | { heldBy: readonly string[] }
}

export function receiptOf({ ca, at, under, atParent, crl, readBackFrom, key }: Ended): Receipt {
  const { commonName } = ca.subject
  return {
    receipt: receiptForm,
    ca: {
      id: ca.id,
      commonName: typeof commonName === 'string' ? commonName : (commonName?.[0] ?? ''),
      serial: ca.serial,
      notAfter: ca.notAfter,
      certificateSha256: sha256(ca.certificate!),
    },
    requested: ca.deletion,
    approvedBy: [],
    dueAt: ca.dueAt,
    destroyedAt: at,
    under: {
      leaves: under.leaves,
      cas: under.cas,
      unexpired: unexpiredOf(under).unexpired,
      lastNotAfter: under.lastNotAfter,
    },
    ...(atParent === undefined ? {} : { ownCertificate: atParent }),
    finalCrl: {
      number: crl.number,
      entries: crl.entries,
      thisUpdate: crl.thisUpdate,
      nextUpdate: crl.nextUpdate,
      sha256: Buffer.from(crl.sha256).toString('hex'),
      readBackFrom,
    },
    key:
      'heldBy' in key
        ? { id: ca.keyId!, method: 'none: another CA certificate hangs on this key', otherCas: key.heldBy }
        : {
            id: key.destroyed.id,
            algorithm: key.destroyed.algorithm,
            spkiSha256: sha256(key.destroyed.spki),
            method: 'data key removed from the keyring, private part removed from the database',
            // Copies of the keyring that somebody made are not known of here, so no more than this can be claimed.
            level: 'local',
            searched: key.searched,
            ...(ca.genMode === 'importKey' ? { origin: 'imported; copies elsewhere are not known of here' } : {}),
          },
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
