import type { Write } from '../kernel/index.ts'
import { reasonCodes, type RevocationReason } from '../x509/index.ts'
import type { AuditRow, RestoreStore } from './store.ts'

/** What became of what came after the backup. Goes into the quarantine's record, for whoever releases it. */
export interface MergeReport {
  /** Entries that were done over again, by operation. */
  merged: Record<string, number>
  /** Changes that were not: by operation, for a person to look at. */
  notMerged: Record<string, number>
  /** CAs that were made after the backup: their keys are gone with the database, their certificates are on the ledgers. */
  lostCas: { caId: string; commonName: string }[]
}

export const emptyReport = (): MergeReport => ({ merged: {}, notMerged: {}, lostCas: [] })

/** An entry as the mergers see it. */
interface Entry {
  at: number
  operation: string
  objectId: string
  userId: string
  userName: string
  facts: Facts
}

/** Reads what another version of this program, or somebody else, may have written. */
class Facts {
  private readonly values: Readonly<Record<string, unknown>>

  constructor(values: unknown) {
    this.values = typeof values === 'object' && values !== null ? (values as Record<string, unknown>) : {}
  }

  text(name: string, format = /^/): string {
    const value = this.values[name]
    if (typeof value !== 'string' || !format.test(value)) throw new Unreadable(name)
    return value
  }

  number(name: string): number {
    const value = this.values[name]
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Unreadable(name)
    return value
  }

  hash(name: string): Uint8Array {
    const value = this.values[name]
    return value === undefined ? new Uint8Array(0) : Buffer.from(this.text(name, /^[0-9a-f]{64}$/), 'hex')
  }

  reason(): RevocationReason {
    const name = this.text('reason', word)
    if (!Object.hasOwn(reasonCodes, name)) throw new Unreadable('reason')
    return name as RevocationReason
  }

  has(name: string): boolean {
    return this.values[name] !== undefined && this.values[name] !== null
  }

  optional<T>(name: string, read: (facts: Facts) => T): T | null {
    return this.has(name) ? read(this) : null
  }

  inner(name: string): Facts {
    return new Facts(this.values[name])
  }

  raw(name: string): unknown {
    return this.values[name]
  }
}

class Unreadable extends Error {}

const serial = /^[0-9a-f]{2,40}$/
const uuid = /^[0-9a-f-]{36}$/
const word = /^[A-Za-z]{1,40}$/

type Merger = (entry: Entry, store: RestoreStore) => Promise<Write[]> | Write[]

const leafIssued: Merger = ({ at, facts }, store) =>
  store.issuance({
    caId: facts.text('issuerId', uuid),
    serial: facts.text('serial', serial),
    kind: 'leaf',
    notAfter: facts.number('notAfter'),
    certificateSha256: facts.hash('certificateSha256'),
    spkiSha256: facts.hash('spkiSha256'),
    issuedAt: at,
  })

/** The issuer's ledger, or one's own for a root. A CA without a certificate of ours has no entry. */
function caIssuance({ at, objectId, facts }: Entry, store: RestoreStore): Promise<Write[]> {
  if (!facts.has('serial')) return Promise.resolve([])
  const issuer = facts.optional('issuerId', (f) => f.text('issuerId', uuid))
  return store.issuance({
    caId: issuer ?? objectId,
    serial: facts.text('serial', serial),
    kind: issuer === null ? 'root' : 'ca',
    notAfter: facts.number('notAfter'),
    certificateSha256: facts.hash('certificateSha256'),
    spkiSha256: facts.hash('spkiSha256'),
    issuedAt: at,
  })
}

const caInstalled: Merger = async (entry, store) => {
  const { objectId, facts } = entry
  const writes = await caIssuance(entry, store)
  if ((await store.caState(objectId)) !== 'pendingActivation') return writes
  const usages = facts.raw('keyUsages')
  return [
    ...writes,
    store.installCa(objectId, {
      serial: facts.text('serial', serial),
      notBefore: facts.number('notBefore'),
      notAfter: facts.number('notAfter'),
      issuerId: facts.optional('issuerId', (f) => f.text('issuerId', uuid)),
      issuerName: facts.optional('issuerName', (f) => f.text('issuerName')),
      pathLength: facts.optional('pathLength', (f) => f.number('pathLength')),
      keyUsages: Array.isArray(usages) ? usages.map(String) : [],
      signatureHash: facts.optional('signatureHash', (f) => f.text('signatureHash')),
      certificate: Buffer.from(facts.text('certificate'), 'base64'),
    }),
  ]
}

const stateChanged: Merger = ({ objectId, facts }, store) => [store.scheduleCa(objectId, facts.text('to', word), null)]

const certificateDeleted: Merger = ({ objectId }, store) => [store.certificateDeleted(objectId)]

/** How each act is done over again; see docs/backup.md for what is not. */
const mergers: Readonly<Record<string, Merger>> = {
  IssueCertificate: leafIssued,
  IssueCertificateByCsr: leafIssued,
  IssueCaByCsr: caIssuance,
  CreateCa: caIssuance,
  ImportCa: caIssuance,
  ActivateCa: caInstalled,
  ImportCaCertificate: caInstalled,
  DisableCa: stateChanged,
  EnableCa: stateChanged,
  RestoreCa: stateChanged,
  BeginCaEnd: ({ objectId }, store) => [store.setCaState(objectId, 'ending')],
  DeleteCa: ({ at, objectId, userId, userName, facts }, store) => {
    const to = facts.text('to', word)
    if (to !== 'pendingDeletion')
      return [
        store.setCaState(objectId, to),
        // It was never activated: its key was condemned at once. It is destroyed here too, if it is not yet.
        ...(facts.has('keyId') ? [store.keyDestroyed(facts.text('keyId', uuid), at)] : []),
      ]
    const { keepDays, dueAt } = { keepDays: facts.number('keepDays'), dueAt: facts.number('dueAt') }
    const disposition = facts.text('disposition', word)
    const deletion = { requestedAt: at, requestedBy: { userId, userName }, keepDays, disposition }
    return [store.scheduleCa(objectId, to, { dueAt, deletion })]
  },
  DestroyCaKey: ({ at, objectId, facts }, store) => {
    const key = facts.inner('key')
    return [
      store.setCaState(objectId, 'destroyed'),
      // A key that another CA certificate hangs on has no such line, and lives on.
      ...(key.has('spkiSha256') ? [store.keyDestroyed(key.text('id', uuid), at)] : []),
      ...(facts.has('finalCrl') ? store.crlNumber(objectId, facts.inner('finalCrl').number('number')) : []),
    ]
  },
  DestroyUnusedKey: ({ at, objectId }, store) => [store.keyDestroyed(objectId, at)],
  RevokeCertificate: async ({ at, objectId, facts }, store) => [
    ...(await revocation(at, facts, store)),
    store.certificateRevoked(objectId, at, facts.reason()),
    ...(facts.has('spkiSha256') ? [store.barKey(facts.hash('spkiSha256'), at)] : []),
  ],
  RevokeUnderEndingCa: ({ at, objectId, facts }, store) =>
    store.revocationRange({
      caId: objectId,
      from: facts.text('fromSerial', serial),
      upTo: facts.text('upToSerial', serial),
      now: at,
      reason: facts.reason(),
    }),
  RevokeCa: async ({ at, objectId, facts }, store) => [
    ...(await revocation(at, facts, store)),
    store.caRevoked(objectId, at, facts.reason()),
  ],
  PublishCrl: ({ objectId, facts }, store) => store.crlNumber(objectId, facts.number('number')),
  DeletePrivateCertificate: certificateDeleted,
  DeleteRepositoryCertificate: certificateDeleted,
  MakeKeyringCopy: ({ at, facts }, store) =>
    store.keyringCopy({ number: facts.number('number'), madeAt: at, place: facts.text('place') }),
  AttestKeyringCopyDestroyed: ({ at, userName, facts }, store) => [
    store.keyringCopyAttested(facts.number('number'), at, userName),
  ],
  // Of people and their rights only what takes away: an old key, user or password must not come back to life.
  DeleteUser: ({ objectId }, store) => [store.disableUser(objectId)],
  SetUserEnabled: ({ objectId, facts }, store) => (facts.raw('enabled') === false ? [store.disableUser(objectId)] : []),
  SetUserPassword: ({ objectId }, store) => [store.removePassword(objectId)],
  ChangePassword: ({ objectId }, store) => [store.removePassword(objectId)],
  SetAccessKeyEnabled: ({ facts }, store) =>
    facts.raw('enabled') === false ? [store.disableAccessKey(facts.text('accessKeyId'))] : [],
  DeleteAccessKey: ({ facts }, store) => [store.disableAccessKey(facts.text('accessKeyId'))],
  RotateAccessKey: ({ facts }, store) => [store.disableAccessKey(facts.text('replaces'))],
}

function revocation(revokedAt: number, facts: Facts, store: RestoreStore): Promise<Write[]> {
  return store.revocation({
    caId: facts.text('issuerId', uuid),
    serial: facts.text('serial', serial),
    revokedAt,
    reason: facts.reason(),
    notAfter: facts.number('notAfter'),
  })
}

/** Which CAs came into being by these, with a key of their own. */
const makesCa = new Set(['CreateCa', 'ImportCa'])

/**
 * Does one act over again that came after the backup, and puts its entry into the audit log. Nothing is done twice by a second
 * call. An act that is not known, or not done over again, is counted, for a person to look at.
 * @returns the writes, for one commit
 */
export async function mergeEntry(row: AuditRow, store: RestoreStore, report: MergeReport): Promise<Write[]> {
  const entry = entryOf(row)
  const writes = [store.auditRow(row)]
  if (row['outcome'] !== 'done') return writes
  const { operation, objectId, facts } = entry
  const merger = mergers[operation]
  const count = (counts: Record<string, number>) => (counts[operation] = (counts[operation] ?? 0) + 1)
  if (!merger) {
    count(report.notMerged)
    return writes
  }
  try {
    writes.push(...(await merger(entry, store)))
    count(report.merged)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    count(report.notMerged)
  }
  const isLost = makesCa.has(operation) && (await store.caState(objectId)) === undefined
  if (isLost && !report.lostCas.some(({ caId }) => caId === objectId))
    report.lostCas.push({ caId: objectId, commonName: wordsOf(facts.raw('commonName')) })
  return writes
}

/** A common name is a text, or several. */
const wordsOf = (value: unknown): string =>
  Array.isArray(value) ? value.map(wordsOf).join(', ') : typeof value === 'string' ? value : ''

function entryOf(row: AuditRow): Entry {
  const { at, operation, object_id: objectId, user_id: userId, user_name: userName, facts } = row
  let parsed: unknown
  try {
    parsed = JSON.parse(String(facts))
  } catch {
    parsed = undefined
  }
  return {
    at: Number(at),
    operation: String(operation),
    objectId: String(objectId),
    userId: String(userId),
    userName: String(userName),
    facts: new Facts(parsed),
  }
}
