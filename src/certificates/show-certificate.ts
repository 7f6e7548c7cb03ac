import Type from 'typebox'
import { operation, type Clock, type Page } from '../kernel/index.ts'
import type { UseSink } from '../use-marks/index.ts'
import { chainAbove, splitDer, type CaStore } from '../ca/index.ts'
import type { Sealer } from '../keys/index.ts'
import { stateOf, type Certificate, type CertificateState } from './certificate.ts'
import { certificateIdInput, thePrivateCertificate, theRepositoryCertificate } from './inputs.ts'
import { problem } from './problems.ts'
import type { CertificateStore } from './store.ts'

export interface ShownCertificate {
  certificate: Certificate
  state: CertificateState
}

/** Whether the CA that issued it can still revoke it: with its key destroyed it cannot. Null: no CA here issued it. */
export type IssuerPresence = 'present' | 'destroyed' | null

async function issuerOf({ issuerId }: Certificate, cas: CaStore): Promise<IssuerPresence> {
  const issuer = issuerId === null ? undefined : await cas.findById(issuerId)
  return issuer ? (issuer.state === 'destroyed' ? 'destroyed' : 'present') : null
}

interface Needs {
  certificates: CertificateStore
  cas: CaStore
  sealer: Sealer
  domainClock: Clock
  useMarks: UseSink
}

/** DER certificates above a certificate, nearest first. */
async function chainOf(certificate: Certificate, cas: CaStore): Promise<Uint8Array[]> {
  if (certificate.chain !== null) return splitDer(certificate.chain)
  const issuer = certificate.issuerId === null ? undefined : await cas.findById(certificate.issuerId)
  return issuer?.certificate ? [issuer.certificate, ...(await chainAbove(issuer, cas))] : []
}

/** PKCS #8 of a key that is held here, or undefined. */
function openKey(certificate: Certificate, sealer: Sealer): Buffer | undefined {
  const { sealedPrivateKey, accountId, id } = certificate
  return sealedPrivateKey === null ? undefined : sealer.open('certificate-key', [accountId, id], sealedPrivateKey)
}

/** Given out: whoever asked means to use it. */
const givenOut = ({ id, issuerId, serial }: Certificate, useMarks: UseSink): void =>
  issuerId === null ? useMarks.used('export', id) : useMarks.used('export', issuerId, serial)

/** A read that gives out a private key is an entry of the audit log, and takes its place in it before the key leaves. */
const keyRead = (certificate: Certificate) => ({
  objectType: 'certificate',
  objectId: certificate.id,
  facts: { privateKeyRead: true, serial: certificate.serial, commonName: certificate.commonName },
})

export const showPrivateCertificate = operation<Needs>()({
  name: 'ShowPrivateCertificate',
  summary: 'Show a private certificate',
  access: 'read',
  actions: ['pca:cert:get'],
  input: certificateIdInput,
  resource: thePrivateCertificate(),
  problems: ['CertificateNotFound'],
  run: async (_input, certificate, { cas, domainClock }) => ({
    answer: {
      certificate,
      state: stateOf(certificate, domainClock.now()),
      issuer: await issuerOf(certificate, cas),
    } satisfies ShownCertificate & { issuer: IssuerPresence },
  }),
})

/** Certificate, chain and, if we made it, the private key (PKCS #8 DER). Only of a certificate that is in force. */
export const exportPrivateCertificate = operation<Needs>()({
  name: 'ExportPrivateCertificate',
  summary: 'Export a private certificate, with its key if it was made here',
  access: 'read',
  actions: ['pca:cert:export'],
  revealsSecret: true,
  input: certificateIdInput,
  resource: thePrivateCertificate(),
  problems: ['CertificateNotFound', 'CertificateStateForbids'],

  async run(_input, certificate, { cas, sealer, domainClock, useMarks }) {
    const state = stateOf(certificate, domainClock.now())
    if (state !== 'valid') throw problem('CertificateStateForbids', { act: 'export', state })
    const privateKey = openKey(certificate, sealer)
    givenOut(certificate, useMarks)
    return {
      answer: { certificate, chain: await chainOf(certificate, cas), privateKey },
      ...(privateKey ? { audit: keyRead(certificate) } : {}),
    }
  },
})

/** One certificate of the repository; `withMaterial` adds chain and private key. */
export const showRepositoryCertificate = operation<Needs>()({
  name: 'ShowRepositoryCertificate',
  summary: 'Show a certificate of the repository, with its private key',
  access: 'read',
  actions: ['yundun-cert:GetUserCertificateDetail'],
  revealsSecret: true,
  perSecond: 100,
  input: Type.Object({ number: Type.BigInt(), withMaterial: Type.Boolean() }, { additionalProperties: false }),
  resource: theRepositoryCertificate<{ number: bigint; withMaterial: boolean }>(),
  problems: ['CertificateNotFound'],

  async run({ withMaterial }, certificate, { cas, sealer, domainClock, useMarks }) {
    const privateKey = withMaterial ? openKey(certificate, sealer) : undefined
    if (withMaterial) givenOut(certificate, useMarks)
    return {
      answer: {
        certificate,
        state: stateOf(certificate, domainClock.now()),
        issuer: await issuerOf(certificate, cas),
        chain: await chainOf(certificate, cas),
        privateKey,
      },
      ...(privateKey ? { audit: keyRead(certificate) } : {}),
    }
  },
})

const listInput = {
  state: Type.Optional(Type.Enum(['valid', 'expired', 'revoked'])),
  limit: Type.Integer({ minimum: 0, maximum: 1_000 }),
  offset: Type.Integer({ minimum: 0 }),
}

export const listPrivateCertificates = operation<Needs>()({
  name: 'ListPrivateCertificates',
  summary: 'List private certificates',
  access: 'list',
  actions: ['pca:cert:list'],
  input: Type.Object(
    {
      ...listInput,
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      sortBy: Type.Optional(Type.Enum(['createdAt', 'commonName', 'issuerName', 'notAfter'])),
      descending: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
  problems: [],
  async run(
    { name, state, sortBy = 'createdAt', descending = true, limit, offset },
    _resource,
    { certificates, domainClock },
    caller,
  ) {
    const now = domainClock.now()
    const page = await certificates.list(
      caller.accountId,
      { sources: ['issued'], name, state, now, sortBy, descending },
      { offset, limit },
    )
    return { answer: shown(page, now) }
  },
})

/** The repository: uploaded certificates, those and what our CAs issued, or what orders produced, of which there are none yet. */
export const listRepositoryCertificates = operation<Needs>()({
  name: 'ListRepositoryCertificates',
  summary: 'List the certificates of the repository',
  access: 'list',
  actions: ['yundun-cert:ListUserCertificateOrder'],
  perSecond: 10,
  input: Type.Object(
    {
      ...listInput,
      uploadedOnly: Type.Boolean(),
      ordersOnly: Type.Optional(Type.Boolean()),
      keyword: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
      /** Days within which a certificate must, or must not yet, expire. */
      expiringWithinDays: Type.Optional(Type.Integer({ minimum: 0 })),
      expiringAfterDays: Type.Optional(Type.Integer({ minimum: 0 })),
      resourceGroupId: Type.Optional(Type.String({ maxLength: 64 })),
    },
    { additionalProperties: false },
  ),
  problems: [],
  async run(input, _resource, { certificates, domainClock }, caller) {
    if (input.ordersOnly === true) return { answer: { total: 0, rows: [] } }
    const now = domainClock.now()
    const { uploadedOnly, keyword, expiringWithinDays, expiringAfterDays, resourceGroupId, state } = input
    const daysFromNow = (days: number | undefined) => (days === undefined ? undefined : now + days * 86_400_000)
    const page = await certificates.list(
      caller.accountId,
      {
        sources: uploadedOnly ? ['uploaded'] : ['uploaded', 'issued'],
        state,
        now,
        keyword,
        notAfterUpTo: daysFromNow(expiringWithinDays),
        notAfterAbove: daysFromNow(expiringAfterDays),
        resourceGroupId,
        sortBy: 'createdAt',
        descending: true,
      },
      input,
    )
    return { answer: shown(page, now) }
  },
})

const shown = (page: Page<Certificate>, now: number): Page<ShownCertificate> => ({
  total: page.total,
  rows: page.rows.map((certificate) => ({ certificate, state: stateOf(certificate, now) })),
})
