import { createHash } from 'node:crypto'
import { shownState, type Ca, type CaStore, type ShownState } from '../ca/index.ts'
import type { IssuanceLedger } from '../issuance/index.ts'
import type { KeyStore } from '../keys/index.ts'

/**
 * A certificate for a CA that goes on after the key is gone. `own`: of a CA here; `crossSigned`: of a CA here that has a certificate
 * of its own besides; `external`: of a CA elsewhere; `unknown`: only the ledger knows of it.
 */
export interface SubCa {
  serial: string
  notAfter: number
  revoked: boolean
  relation: 'own' | 'crossSigned' | 'external' | 'unknown'
  /** Of the CA here, or of the record of its certificate; null when there is none. */
  caId: string | null
  commonName: string | null
  state: ShownState | null
}

/** Another certificate of a CA on the same key. */
export interface SameKey {
  caId: string | null
  commonName: string | null
  issuerId: string | null
  notAfter: number | null
  /** As long as this one is there, the key is not destroyed. */
  keepsTheKey: boolean
}

interface Needs {
  cas: CaStore
  keyStore: KeyStore
  ledger: IssuanceLedger
}

/** More are counted, and not shown. */
export const relativesAtMost = 200

const nameOf = ({ subject: { commonName } }: Ca): string | null =>
  typeof commonName === 'string' ? commonName : (commonName?.[0] ?? null)

/** The sub-CAs of a CA whose certificates have not expired, one by one. */
export async function subCasOf({ cas, ledger }: Needs, ca: Ca, now: number): Promise<SubCa[]> {
  const children = await ledger.caChildren(ca.id, now, relativesAtMost)
  if (children.length === 0) return []
  const records = new Map((await cas.issuedBy(ca.id, relativesAtMost)).map((child) => [child.serial, child]))
  return Promise.all(
    children.map(async ({ serial, notAfter, spkiSha256, revokedAt }) => {
      const base = { serial, notAfter, revoked: revokedAt !== null }
      const record = records.get(serial)
      const own = record?.listed ? record : (await cas.overKey(ca.accountId, spkiSha256))[0]
      const shown = own ?? record
      if (!shown) return { ...base, relation: 'unknown', caId: null, commonName: null, state: null }
      const relation = record?.listed ? 'own' : own ? 'crossSigned' : 'external'
      return {
        ...base,
        relation,
        caId: shown.id,
        commonName: nameOf(shown),
        state: own ? shownState(own, now) : null,
      }
    }),
  )
}

/** Other unexpired certificates of CAs on the key of a CA: by CAs that hold it, and by whoever of ours signed it besides. */
export async function sameKeyAs({ cas, keyStore, ledger }: Needs, ca: Ca, now: number): Promise<SameKey[]> {
  const key = ca.keyId === null ? undefined : await keyStore.find(ca.keyId)
  if (!key) return []
  const holders = (await cas.holdersOfKey(key.id)).filter(({ id }) => id !== ca.id)
  const known = new Set([ca, ...holders].map(({ serial }) => serial))
  const spkiSha256 = createHash('sha256').update(key.spki).digest()
  const issued = (await ledger.ofCaKey(spkiSha256, now, relativesAtMost)).filter(({ serial }) => !known.has(serial))
  return [
    ...holders.map((holder) => ({
      caId: holder.id,
      commonName: nameOf(holder),
      issuerId: holder.issuerId,
      notAfter: holder.notAfter,
      keepsTheKey: true,
    })),
    ...(await Promise.all(
      issued.map(async ({ caId: issuerId, serial, notAfter }) => {
        // Issuers of other accounts are not told of.
        const record = (await cas.issuedBy(issuerId, relativesAtMost)).find((each) => each.serial === serial)
        const ours = record?.accountId === ca.accountId ? record : undefined
        return {
          caId: ours?.id ?? null,
          commonName: ours ? nameOf(ours) : null,
          issuerId: ours ? issuerId : null,
          notAfter,
          keepsTheKey: false,
        }
      }),
    )),
  ]
}
