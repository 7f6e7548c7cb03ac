import type { Certificate, TbsCertificate } from '../certificate.ts'
import {
  readAuthorityInformationAccess,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCrlDistributionPoints,
  readExtendedKeyUsage,
  readKeyUsage,
  readNameConstraints,
  readSubjectAltName,
  readSubjectKeyIdentifier,
} from '../extensions/index.ts'
import type { Extension } from '../extensions/index.ts'
import { oids } from '../oids.ts'
import type { CertificateKind, CertificateProfile } from './profile.ts'

/**
 * What the rules ask of a TBSCertificate, read from its bytes once. Each getter throws X509Error when the value cannot
 * be read or its extension is there twice.
 */
export class CertificateFacts {
  readonly tbs: TbsCertificate
  readonly profile: CertificateProfile
  readonly #cache = new Map<string, unknown>()

  constructor(tbs: TbsCertificate, profile: CertificateProfile) {
    this.tbs = tbs
    this.profile = profile
  }

  get kind(): CertificateKind {
    return this.profile.kind
  }

  get isCa(): boolean {
    return this.kind === 'root' || this.kind === 'subordinateCa'
  }

  /** The issuer's certificate; undefined for a root. */
  get issuer(): Certificate | undefined {
    return this.profile.chain[0]
  }

  extension(oid: string): Extension | undefined {
    return this.tbs.extension(oid)
  }

  get basicConstraints() {
    return this.#read(oids.basicConstraints, readBasicConstraints)
  }

  get keyUsage() {
    return this.#read(oids.keyUsage, readKeyUsage)
  }

  get extendedKeyUsage() {
    return this.#read(oids.extendedKeyUsage, readExtendedKeyUsage)
  }

  get subjectAltName() {
    return this.#read(oids.subjectAltName, readSubjectAltName)
  }

  get subjectKeyIdentifier() {
    return this.#read(oids.subjectKeyIdentifier, readSubjectKeyIdentifier)
  }

  get authorityKeyIdentifier() {
    return this.#read(oids.authorityKeyIdentifier, readAuthorityKeyIdentifier)
  }

  get crlDistributionPoints() {
    return this.#read(oids.crlDistributionPoints, readCrlDistributionPoints)
  }

  get authorityInformationAccess() {
    return this.#read(oids.authorityInformationAccess, readAuthorityInformationAccess)
  }

  #read<T>(oid: string, reader: (value: Uint8Array) => T): T | undefined {
    const known = this.#cache.get(oid)
    if (known !== undefined) return known as T
    const value = this.tbs.read(oid, reader)
    this.#cache.set(oid, value)
    return value
  }
}

const caFactsOf = new WeakMap<Certificate, CaFacts>()

/**
 * What the rules ask of a certificate of the chain. Kept with it: the same CA issues again and again. Throws
 * X509Error.
 */
export function caFacts(certificate: Certificate): CaFacts {
  let facts = caFactsOf.get(certificate)
  if (!facts) caFactsOf.set(certificate, (facts = readCaFacts(certificate)))
  return facts
}

type CaFacts = ReturnType<typeof readCaFacts>

function readCaFacts({ tbs, isSelfIssued }: Certificate) {
  return {
    basicConstraints: tbs.read(oids.basicConstraints, readBasicConstraints),
    keyUsage: tbs.read(oids.keyUsage, readKeyUsage),
    subjectKeyIdentifier: tbs.read(oids.subjectKeyIdentifier, readSubjectKeyIdentifier),
    nameConstraints: tbs.read(oids.nameConstraints, readNameConstraints),
    isSelfIssued,
  }
}
