import Type from 'typebox'
import { operation, type Clock } from '../kernel/index.ts'
import type { AuditEntry } from '../audit/index.ts'
import { chainAbove, shownState, splitDer, type Ca, type CaStore } from '../ca/index.ts'
import { stateOf, type Certificate } from '../certificates/index.ts'
import type { Group, IamStore, ResourceGroup, Role, StoredPolicy, User } from '../iam/index.ts'
import type { Issuance } from '../issuance/index.ts'
import type { Revocation, RevocationStore } from '../revocation/index.ts'
import { writePem } from '../x509/index.ts'
import { nextSection, numberIn, readCursor, start, writeCursor, type Place, type Section } from './cursor.ts'
import type { AccountRows } from './store.ts'

export const exportPage = {
  /** As the page before gave it; without one the export begins. */
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
}
export const defaultLimit = 200

interface ExportNeeds {
  accountRows: AccountRows
  cas: CaStore
  revocations: RevocationStore
  iam: IamStore
  domainClock: Clock
}

export interface ExportedPage {
  format: 'certkeep-account-export-1'
  section: Section
  items: readonly unknown[]
  /** For the next page; null at the end. */
  next: string | null
}

/**
 * The way out: all of an account, page by page, but what the rules forbid. Private keys are not in it: those of certificates
 * have a right and an operation of their own (ExportAccountKeys), those of CAs no way out (design 2); nor are passwords, secrets of
 * access keys and tokens, of which nobody has use elsewhere. Certificates are PEM, times ms since 1970, hashes hexadecimal.
 * Pages are read one after the other: what is written meanwhile may or may not be in, except that the audit log ends where it
 * stood when its first page was read.
 */
export const exportAccount = operation<ExportNeeds>()({
  name: 'ExportAccount',
  summary: 'Export everything of the account but keys and secrets, page by page',
  access: 'read',
  actions: ['certkeep:account:export'],
  input: Type.Object(exportPage, { additionalProperties: false }),
  problems: ['InputInvalid'],

  async run({ cursor, limit = defaultLimit }, _resource, deps, { accountId }) {
    let place: Place | undefined = cursor === undefined ? start : readCursor(cursor)
    let page: Read = { items: [], next: undefined }
    let section = place.section
    while (place && page.items.length === 0) {
      section = place.section
      page = await readers[section](deps, accountId, place, limit)
      place = page.next ?? nextSection(place)
    }
    const answer: ExportedPage = {
      format: 'certkeep-account-export-1',
      section,
      items: page.items,
      next: place ? writeCursor(place) : null,
    }
    return {
      answer,
      audit: { objectType: 'account', objectId: accountId, facts: { section, items: page.items.length } },
    }
  },
})

interface Read {
  items: readonly unknown[]
  /** Where this section goes on; undefined when it is through. */
  next: Place | undefined
}

type Reader = (deps: ExportNeeds, accountId: string, place: Place, limit: number) => Promise<Read>

/** A page of rows; a full one means that there may be more. */
function pageOf<Row>(place: Place, limit: number, rows: readonly Row[], nameOf: (row: Row) => string | number) {
  const last = rows.at(-1)
  const next = last && rows.length === limit ? { ...place, after: String(nameOf(last)) } : undefined
  return { rows, next }
}

const readers: Readonly<Record<Section, Reader>> = {
  async account({ iam, domainClock }, accountId) {
    const { id, domainId, name, createdAt } = (await iam.account({ id: accountId }))!
    return { items: [{ id, domainId, name, createdAt, exportedAt: domainClock.now() }], next: undefined }
  },

  resourceGroups: ofIam((iam, accountId) => iam.resourceGroups(accountId), resourceGroupItem),
  policies: ofIam((iam, accountId) => iam.policies(accountId), policyItem),
  groups: ofIam((iam, accountId) => iam.groups(accountId), groupItem),
  users: ofIam((iam, accountId) => iam.users(accountId), userItem),
  roles: ofIam((iam, accountId) => iam.roles(accountId), roleItem),

  async cas({ accountRows, cas, revocations, domainClock }, accountId, place, limit) {
    const page = pageOf(place, limit, await accountRows.cas(accountId, place.after, limit), ({ id }) => id)
    const now = domainClock.now()
    const items = await Promise.all(
      page.rows.map(async (ca) => ({
        ...caItem(ca, now),
        chain: (await chainAbove(ca, cas)).map(pem),
        lastCrlNumber: await revocations.lastCrlNumber(ca.id),
      })),
    )
    return { items, next: page.next }
  },

  issuances: byCa(({ accountRows }, caId, after, limit) => accountRows.issuances(caId, after, limit), issuanceItem),

  // Before everything: expired entries are out of CRLs, not out of the ledger.
  revocations: byCa(
    ({ revocations }, caId, after, limit) => revocations.entries(caId, after, -1, limit),
    revocationItem,
  ),

  async certificates({ accountRows, cas, domainClock }, accountId, place, limit) {
    const found = await accountRows.certificates(accountId, numberIn(place.after), limit)
    const page = pageOf(place, limit, found, ({ seq }) => seq)
    const chains = new Map<string, Promise<string[]>>()
    const now = domainClock.now()
    const items = await Promise.all(
      page.rows.map(async ({ certificate }) => ({
        ...certificateItem(certificate, now),
        chain: await chainOf(certificate, cas, chains),
      })),
    )
    return { items, next: page.next }
  },

  async auditEntries({ accountRows }, accountId, place, limit) {
    // The export itself writes an entry a page, so that a log read to its end would have none.
    const upTo = place.within === '' ? await accountRows.lastAuditSeq(accountId) : numberIn(place.within)
    const found = await accountRows.auditEntries(accountId, numberIn(place.after), upTo, limit)
    const page = pageOf({ ...place, within: String(upTo) }, limit, found, ({ seq }) => seq)
    return { items: page.rows.map(({ entry }) => auditItem(entry)), next: page.next }
  },
}

/** People and rights are few, and are read as a whole for each page. */
function ofIam<Row extends { id: string }>(
  read: (iam: IamStore, accountId: string) => Promise<readonly Row[]>,
  item: (row: Row, iam: IamStore, accountId: string) => unknown,
): Reader {
  return async ({ iam }, accountId, place, limit) => {
    const all = (await read(iam, accountId)).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const behind = all.filter(({ id }) => id > place.after).slice(0, limit)
    const page = pageOf(place, limit, behind, ({ id }) => id)
    return { items: await Promise.all(page.rows.map((row) => item(row, iam, accountId))), next: page.next }
  }
}

/** A ledger is kept for each CA: one after the other, `within` being the CA that is being read. */
function byCa<Row extends { serial: string }>(
  read: (deps: ExportNeeds, caId: string, afterSerial: string, limit: number) => Promise<Row[]>,
  item: (row: Row) => unknown,
): Reader {
  return async (deps, accountId, place, limit) => {
    // The CA of a cursor is looked up in the account like any other: a cursor of somebody else's finds nothing.
    let ca = place.within === '' ? undefined : await deps.cas.find(accountId, place.within)
    let after = ca ? place.after : ''
    for (;;) {
      if (ca) {
        const rows = await read(deps, ca.id, after, limit)
        const last = rows.at(-1)
        if (last) return { items: rows.map(item), next: { ...place, within: ca.id, after: last.serial } }
      }
      ;[ca] = await deps.accountRows.cas(accountId, ca?.id ?? place.within, 1)
      if (!ca) return { items: [], next: undefined }
      after = ''
    }
  }
}

const attachmentsOf = async (iam: IamStore, accountId: string, principalId: string) =>
  (await iam.attachmentsOf(accountId, principalId)).map(({ policyId, scope, createdAt }) => ({
    policyId,
    scope,
    createdAt,
  }))

async function userItem(user: User, iam: IamStore, accountId: string) {
  const { id, decimalId, name, enabled, createdAt, createdBy, tags } = user
  const keys = await iam.accessKeysOfUser(accountId, id)
  return {
    id,
    decimalId,
    name,
    enabled,
    createdAt,
    createdBy,
    tags,
    hasPassword: user.passwordHash !== null,
    groupIds: (await iam.groupsOfUser(accountId, id)).map((group) => group.id),
    attachments: await attachmentsOf(iam, accountId, id),
    accessKeys: keys.map((key) => ({ id: key.id, enabled: key.enabled, createdAt: key.createdAt })),
  }
}

async function groupItem({ id, name, createdAt }: Group, iam: IamStore, accountId: string) {
  return { id, name, createdAt, attachments: await attachmentsOf(iam, accountId, id) }
}

async function roleItem(role: Role, iam: IamStore, accountId: string) {
  const { id, decimalId, name, description, trustPolicy, maxSessionSeconds, createdAt } = role
  const attachments = await attachmentsOf(iam, accountId, id)
  return { id, decimalId, name, description, trustPolicy, maxSessionSeconds, createdAt, attachments }
}

async function policyItem({ id, name, createdAt, defaultVersion }: StoredPolicy, iam: IamStore) {
  const versions = await iam.policyVersions(id)
  return {
    id,
    name,
    createdAt,
    defaultVersion,
    versions: versions.map(({ number, grammar, document, createdAt: at }) => ({
      number,
      grammar,
      document,
      createdAt: at,
    })),
  }
}

function resourceGroupItem({ id, groupId, name, createdAt }: ResourceGroup) {
  return { id, groupId, name, createdAt }
}

const pem = (der: Uint8Array): string => writePem('CERTIFICATE', der)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function caItem(ca: Ca, now: number) {
  const { accountId: _account, version: _version, certificate, chain: _chain, state: _state, ...rest } = ca
  return { ...rest, state: shownState(ca, now), certificate: certificate && pem(certificate) }
}

function certificateItem(record: Certificate, now: number) {
  const {
    accountId: _account,
    version: _version,
    chain: _chain,
    certificate,
    sha256,
    sealedPrivateKey,
    ...rest
  } = record
  return {
    ...rest,
    state: stateOf(record, now),
    certificate: pem(certificate),
    sha256: hex(sha256),
    privateKeyHeld: sealedPrivateKey !== null,
  }
}

/** PEM above a certificate; that of an issuer is looked up once a page. */
function chainOf(record: Certificate, cas: CaStore, known: Map<string, Promise<string[]>>): Promise<string[]> {
  if (record.chain !== null) return Promise.resolve(splitDer(record.chain).map(pem))
  const { issuerId } = record
  if (issuerId === null) return Promise.resolve([])
  let chain = known.get(issuerId)
  if (!chain) known.set(issuerId, (chain = fromIssuer(issuerId, cas)))
  return chain
}

async function fromIssuer(issuerId: string, cas: CaStore): Promise<string[]> {
  const issuer = await cas.findById(issuerId)
  return issuer?.certificate ? [issuer.certificate, ...(await chainAbove(issuer, cas))].map(pem) : []
}

function issuanceItem({ caId, serial, kind, notAfter, certificateSha256, spkiSha256, issuedAt }: Issuance) {
  const hashes = { certificateSha256: hex(certificateSha256), spkiSha256: hex(spkiSha256) }
  return { caId, serial, kind, notAfter, issuedAt, ...hashes }
}

function revocationItem({ caId, serial, revokedAt, reason, notAfter }: Revocation) {
  return { caId, serial, revokedAt, reason, notAfter }
}

function auditItem({ accountId: _account, ...entry }: AuditEntry) {
  return entry
}
