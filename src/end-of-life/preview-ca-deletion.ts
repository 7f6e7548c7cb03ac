import Type from 'typebox'
import { day, operation, type Clock } from '../kernel/index.ts'
import { shownState, theCa, type Ca, type CaStore } from '../ca/index.ts'
import { unexpiredOf, uuidInput, type IssuanceLedger, type UnderCa } from '../issuance/index.ts'
import type { KeyStore } from '../keys/index.ts'
import { calendarOf } from './calendar.ts'
import { dispositionInput, keepDaysInput } from './inputs.ts'
import { relativesAtMost, sameKeyAs, subCasOf } from './relatives.ts'
import { evidenceOf, sourcesOf, verdictOf, type Evidence, type WatchNeeds } from './verdict.ts'

interface Needs extends WatchNeeds {
  cas: CaStore
  keyStore: KeyStore
  ledger: IssuanceLedger
  domainClock: Clock
}

/** Days that are shown one by one; what ends later is one number. */
const daysAtMost = 92
const usualKeepDays = 30

/**
 * What would be lost with a CA, and what will happen when (design 3.1). Changes nothing. Counts come from the ledger and do not
 * depend on which records are still there; they cost the same for a CA with a million certificates.
 */
export const previewCaDeletion = operation<Needs>()({
  name: 'PreviewCaDeletion',
  summary: 'Show what the deletion of a CA would mean',
  access: 'read',
  actions: ['pca:ca:get'],
  input: Type.Object(
    { caId: uuidInput, keepDays: Type.Optional(keepDaysInput), disposition: Type.Optional(dispositionInput) },
    { additionalProperties: false },
  ),
  resource: theCa<{ caId: string; keepDays?: number; disposition?: 'runOut' | 'revokeAll' }>(),
  problems: ['CaNotFound'],

  async run({ keepDays = usualKeepDays, disposition = 'runOut' }, ca, deps) {
    const now = deps.domainClock.now()
    const [under, subCas, sameKey, marks] = await Promise.all([
      deps.ledger.under(ca.id, now),
      subCasOf(deps, ca, now),
      sameKeyAs(deps, ca, now),
      deps.useMarks.of(ca.id, ''),
    ])
    const evidence = [...evidenceOf(marks, now), ...issuing(under, now)]
    // Certificates that name no CRL let nobody ask for one.
    const sources = sourcesOf(deps.useSources, under.crlUrls.length + under.pointerUnknown === 0 ? ['crl'] : [])
    const { verdict, reasons } = verdictOf(nothingLeft(under), evidence, sources)
    return {
      answer: {
        caId: ca.id,
        state: shownState(ca, now),
        verdict,
        reasons: [...reasons, ...warnings(ca, under, sameKey)],
        obstacles: obstacles(ca, now),
        certificates: { leaves: under.leaves, cas: under.cas },
        expiry: histogram(under),
        lastNotAfter: under.lastNotAfter,
        subCas,
        subCasNotShown: Math.max(0, under.cas.valid + under.cas.revoked - Math.max(subCas.length, relativesAtMost)),
        sameKey,
        decryptionKeys: under.decrypting,
        withoutStatusPointer: under.withoutPointer,
        statusPointerUnknown: under.pointerUnknown,
        crlUrls: under.crlUrls,
        evidence,
        sources,
        disposition: ca.deletion?.disposition ?? disposition,
        calendar: calendarOf(ca, now, { keepDays, disposition }, under.lastNotAfter),
      },
    }
  },
})

function nothingLeft(under: UnderCa): string | undefined {
  const { valid, unexpired } = unexpiredOf(under)
  if (unexpired === 0) return 'no certificate under it is unexpired'
  return valid === 0 ? 'every unexpired certificate under it is revoked' : undefined
}

/** Issuing is a use too, and the ledger knows of it. */
const lately = 30 * day
const issuing = ({ lastIssuedAt }: UnderCa, now: number): Evidence[] =>
  lastIssuedAt === null || lastIssuedAt < now - lately
    ? []
    : [{ source: 'issue', lastAt: lastIssuedAt, ageMs: now - lastIssuedAt, count: null }]

function warnings(ca: Ca, under: UnderCa, sameKey: readonly { keepsTheKey: boolean }[]): string[] {
  const after = unexpiredOf(under).valid
  return [
    ...(sameKey.some(({ keepsTheKey }) => keepsTheKey)
      ? ['another CA certificate hangs on its key, which therefore is not destroyed']
      : sameKey.length > 0
        ? ['its key is in another CA certificate too, under which nothing can be issued any more']
        : []),
    ...(under.cas.valid > 0 ? ['sub-CAs outlive its key; their state does not follow'] : []),
    ...(after > 0 && under.withoutPointer > 0 ? ['certificates name no place to learn of their revocation'] : []),
    ...(after > 0 && under.decrypting > 0 ? ['keys are held here that others may have encrypted to'] : []),
    ...(ca.genMode === 'importKey' ? ['its key came from outside: copies there are not destroyed'] : []),
  ]
}

/** Days of the near future, and what comes later in one number. */
function histogram({ days }: UnderCa) {
  const later = days.slice(daysAtMost)
  return {
    days: days.slice(0, daysAtMost),
    later:
      later.length === 0
        ? null
        : {
            from: later[0]!.day,
            upTo: later.at(-1)!.day,
            valid: later.reduce((sum, { valid }) => sum + valid, 0),
            revoked: later.reduce((sum, { revoked }) => sum + revoked, 0),
          },
  }
}

/** Why it could not be deleted now. */
function obstacles(ca: Ca, now: number): string[] {
  if (!ca.listed) return ['its key is not held here']
  const state = shownState(ca, now)
  if (state === 'pendingDeletion' || state === 'ending') return ['its deletion is scheduled already']
  return ca.state === 'active' && ca.revokedAt === null ? ['disable it first'] : []
}
