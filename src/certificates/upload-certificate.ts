import { createHash } from 'node:crypto'
import Type from 'typebox'
import { newNumberedUuid, numberOfUuid, operation, type Clock } from '../kernel/index.ts'
import { readCertificateBlocks } from '../ca/index.ts'
import type { Sealer } from '../keys/index.ts'
import {
  checkKey,
  equalBytes,
  generalNameText,
  oids,
  parseCertificate,
  readPrivateKey,
  readSubjectAltName,
  signatureAlgorithms,
  X509Error,
  type Certificate as ParsedCertificate,
} from '../x509/index.ts'
import type { Certificate } from './certificate.ts'
import { first } from './issue.ts'
import { problem } from './problems.ts'
import type { CertificateStore } from './store.ts'

export interface UploadNeeds {
  certificates: CertificateStore
  sealer: Sealer
  domainClock: Clock
}

const maxChain = 10
const maxPemCharacters = 65_536
/** Of the keys of a record typebox looks at the pattern alone. */
const tagKey = Type.String({ pattern: '^[^]{1,128}$' })

/** Keeps a certificate and its private key, made elsewhere, under a name that is free in the account. */
export const uploadCertificate = operation<UploadNeeds>()({
  name: 'UploadCertificate',
  summary: 'Keep a certificate and its private key',
  access: 'write',
  actions: ['yundun-cert:UploadUserCertificate', 'scm:cert:import', 'scm:cert:upload'],
  perSecond: 100,
  input: Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 63 }),
      /** PEM, the leaf first. */
      certificate: Type.String({ minLength: 1, maxLength: maxPemCharacters }),
      /** PEM, unencrypted. */
      privateKey: Type.String({ minLength: 1, maxLength: maxPemCharacters }),
      resourceGroupId: Type.Optional(Type.String({ maxLength: 64 })),
      tags: Type.Optional(Type.Record(tagKey, Type.String({ maxLength: 256 }), { additionalProperties: false })),
    },
    { additionalProperties: false },
  ),
  resource: {
    find: () => Promise.resolve(undefined),
    attributes: ({ tags, resourceGroupId }) => ({ type: 'cert', requestTags: tags ?? {}, resourceGroupId }),
    missing: undefined,
  },
  problems: ['PrivateKeyUnreadable', 'CertificateUnreadable', 'KeyMismatch', 'ChainMismatch', 'NameTaken'],

  // The order of the checks is the real service's: key, then certificate, then whether they match, then the name.
  async run({ name, certificate: pem, privateKey, tags = {}, resourceGroupId = '' }, _resource, deps, caller) {
    const key = readKey(privateKey)
    const [leaf, ...chain] = readChain(pem)
    if (!equalBytes(leaf.tbs.spkiDer, key.spki.der)) throw problem('KeyMismatch')
    checkChain(leaf, chain)
    if (await deps.certificates.nameIsTaken(caller.accountId, name)) throw problem('NameTaken', { name })

    const id = newNumberedUuid()
    const pkcs8 = key.key.export({ format: 'der', type: 'pkcs8' })
    const subject = leaf.tbs.subject.fields()
    const names = leaf.tbs.read(oids.subjectAltName, readSubjectAltName) ?? []
    const issuer = leaf.tbs.issuer
    const certificate: Certificate = {
      id,
      number: numberOfUuid(id),
      accountId: caller.accountId,
      version: 1,
      source: 'uploaded',
      genMode: 'upload',
      name,
      issuerId: null,
      issuerName: first(issuer.fields().commonName) ?? issuer.toString(),
      commonName: first(subject.commonName) ?? '',
      subject,
      sans: names.map(generalNameText),
      serial: leaf.tbs.serial,
      keyAlgorithm: leaf.tbs.spki.algorithm ?? leaf.tbs.spki.kind.type,
      signatureHash: hashOf(leaf),
      notBefore: leaf.tbs.notBefore,
      notAfter: leaf.tbs.notAfter,
      certificate: leaf.der,
      chain: chain.length === 0 ? null : Buffer.concat(chain.map(({ der }) => der)),
      sealedPrivateKey: deps.sealer.seal('certificate-key', [caller.accountId, id], pkcs8),
      sha256: createHash('sha256').update(leaf.der).digest(),
      enterpriseProjectId: '0',
      resourceGroupId,
      tags,
      createdAt: deps.domainClock.now(),
      revokedAt: null,
      revocationReason: null,
    }
    pkcs8.fill(0)
    return {
      answer: { certificate },
      writes: [deps.certificates.insert(certificate, problem('NameTaken', { name }))],
      audit: {
        objectType: 'certificate',
        objectId: id,
        facts: {
          number: certificate.number,
          name,
          commonName: certificate.commonName,
          notAfter: certificate.notAfter,
          certificateSha256: Buffer.from(certificate.sha256).toString('hex'),
        },
      },
    }
  },
})

function readKey(pem: string) {
  try {
    return readPrivateKey(pem)
  } catch (error) {
    if (error instanceof X509Error) throw problem('PrivateKeyUnreadable', { reason: error.message })
    throw error
  }
}

function readChain(pem: string): [ParsedCertificate, ...ParsedCertificate[]] {
  try {
    const [leaf, ...chain] = readCertificateBlocks(pem).map((der) => parseCertificate(der))
    if (!leaf) throw problem('CertificateUnreadable', { reason: 'there is no certificate in it' })
    if (chain.length > maxChain) throw problem('ChainMismatch', { reason: `more than ${maxChain} certificates` })
    checkKey(leaf.tbs.spki, 'upload')
    return [leaf, ...chain]
  } catch (error) {
    if (error instanceof X509Error) throw problem('CertificateUnreadable', { reason: error.message })
    throw error
  }
}

function checkChain(leaf: ParsedCertificate, chain: readonly ParsedCertificate[]): void {
  let below = leaf
  for (const above of chain) {
    if (!equalBytes(below.tbs.issuerDer, above.tbs.subjectDer))
      throw problem('ChainMismatch', { reason: 'a certificate in it was not issued by the next one' })
    below = above
  }
}

const hashOf = ({ signatureAlgorithm }: ParsedCertificate): string =>
  signatureAlgorithm === undefined ? '' : (signatureAlgorithms[signatureAlgorithm].digest ?? 'none')
