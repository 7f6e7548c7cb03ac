import type { AuditEntry } from '../audit/index.ts'
import type { Ca } from '../ca/index.ts'
import type { Certificate } from '../certificates/index.ts'
import type {
  AccessKey,
  Account,
  Attachment,
  Group,
  IssuedToken,
  ResourceGroup,
  Role,
  Session,
  StoredPolicy,
  User,
} from '../iam/index.ts'
import type { Issuance, Signing } from '../issuance/index.ts'
import {
  day,
  newDecimalId,
  newHexId,
  newNumberedUuid,
  newSerial,
  newUuid,
  numberOfUuid,
  Problem,
} from '../kernel/index.ts'
import type { CaKey } from '../keys/index.ts'
import type { CrlRecord, Revocation } from '../revocation/index.ts'

/** 2026-11-21, the instant that the contract tests call now. */
export const now = Date.UTC(2026, 10, 21)
export const ours = '1234567890123456'
export const theirs = '6543210987654321'

export const otherwise = (code: string): Problem => new Problem(code, code)

export const bytes = (...octets: number[]): Uint8Array => Uint8Array.of(...octets)

const digest = (octet: number): Uint8Array => new Uint8Array(32).fill(octet)

export const aCa = (given: Partial<Ca> = {}): Ca => ({
  id: newUuid(),
  accountId: ours,
  version: 1,
  state: 'active',
  type: 'root',
  genMode: 'generate',
  listed: true,
  keyId: null,
  keyAlgorithm: 'p256',
  signatureHash: 'sha256',
  subject: { commonName: 'Root' },
  issuerId: null,
  issuerName: null,
  pathLength: null,
  keyUsages: ['keyCertSign', 'cRLSign'],
  serial: newSerial(),
  notBefore: now - day,
  notAfter: now + 365 * day,
  certificate: bytes(0x30, 0),
  chain: null,
  crl: { enabled: false, name: null, bucketName: null, validDays: 7 },
  enterpriseProjectId: '0',
  tags: {},
  createdAt: now - day,
  dueAt: null,
  deletion: null,
  revokedAt: null,
  revocationReason: null,
  ...given,
})

export function aCertificate(given: Partial<Certificate> = {}): Certificate {
  const id = given.id ?? newNumberedUuid()
  return {
    id,
    number: numberOfUuid(id),
    accountId: ours,
    version: 1,
    source: 'issued',
    genMode: 'generate',
    name: null,
    issuerId: null,
    issuerName: 'Root',
    commonName: 'www.example.com',
    subject: { commonName: 'www.example.com' },
    sans: ['www.example.com'],
    serial: newSerial(),
    keyAlgorithm: 'p256',
    signatureHash: 'sha256',
    notBefore: now - day,
    notAfter: now + 90 * day,
    certificate: bytes(0x30, 0),
    chain: null,
    sealedPrivateKey: null,
    sha256: digest(1),
    enterpriseProjectId: '0',
    resourceGroupId: '',
    tags: {},
    createdAt: now,
    revokedAt: null,
    revocationReason: null,
    ...given,
  }
}

export const anIssuance = (given: Partial<Issuance> = {}): Issuance => ({
  caId: newUuid(),
  serial: newSerial(),
  kind: 'leaf',
  notAfter: now + 90 * day,
  certificateSha256: digest(1),
  spkiSha256: digest(2),
  issuedAt: now,
  ...given,
})

export const aSigning = (given: Partial<Signing> = {}): Signing => ({
  id: newUuid(),
  caId: newUuid(),
  purpose: 'caCertificate',
  serial: newSerial(),
  tbsSha256: digest(3),
  notAfter: now + 365 * day,
  createdAt: now,
  ...given,
})

export const aRevocation = (given: Partial<Revocation> = {}): Revocation => ({
  caId: newUuid(),
  serial: newSerial(),
  revokedAt: now,
  reason: 'keyCompromise',
  notAfter: now + 90 * day,
  ...given,
})

export const aCrl = (given: Partial<CrlRecord> = {}): CrlRecord => ({
  caId: newUuid(),
  number: 1,
  thisUpdate: now,
  nextUpdate: now + 7 * day,
  entries: 0,
  size: 6,
  sha256: digest(4),
  final: false,
  ...given,
})

export const aKey = (given: Partial<CaKey> = {}): CaKey => ({
  id: newUuid(),
  accountId: ours,
  algorithm: 'p256',
  spki: bytes(0x30, 1, 2),
  sealedPrivateKey: bytes(9, 9, 9),
  state: 'live',
  createdAt: now,
  destroyedAt: null,
  ...given,
})

export const anAccount = (given: Partial<Account> = {}): Account => ({
  id: ours,
  domainId: newHexId(),
  name: 'ours',
  iamVersion: 1,
  createdAt: now,
  ...given,
})

export const aUser = (given: Partial<User> = {}): User => ({
  id: newHexId(),
  accountId: ours,
  decimalId: newDecimalId(),
  name: 'alice',
  passwordHash: null,
  enabled: true,
  createdAt: now,
  createdBy: null,
  version: 1,
  tags: {},
  ...given,
})

export const anAccessKey = (user: User, given: Partial<AccessKey> = {}): AccessKey => ({
  id: `LTAI${newHexId().slice(0, 20)}`,
  accountId: user.accountId,
  userId: user.id,
  sealedSecret: bytes(7, 7),
  enabled: true,
  createdAt: now,
  version: 1,
  ...given,
})

export const aPolicy = (given: Partial<StoredPolicy> = {}): StoredPolicy => ({
  id: newUuid(),
  accountId: ours,
  name: 'readers',
  grammar: 'ram-1',
  document: '{"Version":"1","Statement":[]}',
  createdAt: now,
  version: 1,
  defaultVersion: 1,
  lastVersion: 1,
  ...given,
})

export const anAttachment = (principalId: string, policyId: string, given: Partial<Attachment> = {}): Attachment => ({
  accountId: ours,
  principalKind: 'user',
  principalId,
  policyId,
  scope: null,
  createdAt: now,
  ...given,
})

export const aGroup = (given: Partial<Group> = {}): Group => ({
  id: newHexId(),
  accountId: ours,
  name: 'operators',
  createdAt: now,
  ...given,
})

export const aRole = (given: Partial<Role> = {}): Role => ({
  id: newHexId(),
  accountId: ours,
  decimalId: newDecimalId(),
  name: 'deployer',
  description: '',
  trustPolicy: '{"Version":"1","Statement":[]}',
  maxSessionSeconds: 3_600,
  createdAt: now,
  version: 1,
  ...given,
})

export const aResourceGroup = (given: Partial<ResourceGroup> = {}): ResourceGroup => {
  const id = newUuid()
  return { id, groupId: `rg-${id.slice(0, 8)}`, accountId: ours, name: 'blue', createdAt: now, ...given }
}

export const aSession = (maker: User, given: Partial<Session> = {}): Session => ({
  accessKeyId: `STS.${newHexId().slice(0, 20)}`,
  accountId: maker.accountId,
  roleId: null,
  name: maker.name,
  makerId: maker.id,
  makerKeyId: null,
  sealedSecret: bytes(8, 8),
  tokenHash: digest(6),
  policy: null,
  issuedAt: now,
  expiresAt: now + day,
  ...given,
})

export const aToken = (user: User, given: Partial<IssuedToken> = {}): IssuedToken => ({
  hash: digest(5),
  accountId: user.accountId,
  userId: user.id,
  userVersion: user.version,
  scope: 'null',
  issuedAt: now,
  expiresAt: now + day,
  ...given,
})

export const anEntry = (given: Partial<AuditEntry> = {}): AuditEntry => ({
  at: now,
  accountId: ours,
  userId: newHexId(),
  userName: 'alice',
  accessKeyId: null,
  sourceIp: '192.0.2.1',
  door: 'huawei',
  requestId: newHexId(),
  operation: 'DisableCa',
  objectType: 'ca',
  objectId: newUuid(),
  outcome: 'done',
  code: '',
  facts: {},
  ...given,
})
