import type { CertificateRule, CrlRule, CsrRule } from '../rule.ts'
import { authorityKeyIdentifier } from './authority-key-identifier.ts'
import { caBasicConstraints } from './ca-basic-constraints.ts'
import { caCrlSign } from './ca-crl-sign.ts'
import { caKeyUsage } from './ca-key-usage.ts'
import { commonNameInSan } from './common-name-in-san.ts'
import { crlAuthorityKeyIdentifier } from './crl-authority-key-identifier.ts'
import { crlEntries } from './crl-entries.ts'
import { crlExtensions } from './crl-extensions.ts'
import { crlIssuer } from './crl-issuer.ts'
import { crlNumber } from './crl-number.ts'
import { crlSignatureAlgorithm } from './crl-signature-algorithm.ts'
import { crlTimes } from './crl-times.ts'
import { crlVersion } from './crl-version.ts'
import { csrAttributes } from './csr-attributes.ts'
import { csrPublicKey } from './csr-public-key.ts'
import { csrSubject } from './csr-subject.ts'
import { emptySubjectSan } from './empty-subject-san.ts'
import { extendedKeyUsageAbsent } from './extended-key-usage-absent.ts'
import { extensionCriticalityAdvised } from './extension-criticality-advised.ts'
import { extensionCriticality } from './extension-criticality.ts'
import { extensionValues } from './extension-values.ts'
import { extensionsKnown } from './extensions-known.ts'
import { extensionsUnique } from './extensions-unique.ts'
import { issuerIsCa } from './issuer-is-ca.ts'
import { issuerName } from './issuer-name.ts'
import { keyOfOwn } from './key-of-own.ts'
import { keyUsageForKey } from './key-usage-for-key.ts'
import { leafExtendedKeyUsage } from './leaf-extended-key-usage.ts'
import { leafKeyUsage } from './leaf-key-usage.ts'
import { leafNotCa } from './leaf-not-ca.ts'
import { nameConstraintsKept } from './name-constraints-kept.ts'
import { nameConstraintsUse } from './name-constraints-use.ts'
import { ocspNoCheckUse } from './ocsp-no-check-use.ts'
import { ocspResponder } from './ocsp-responder.ts'
import { pathLength } from './path-length.ts'
import { publicKey } from './public-key.ts'
import { serialNumber } from './serial-number.ts'
import { signatureAlgorithm } from './signature-algorithm.ts'
import { signerKey } from './signer-key.ts'
import { statusUrlsPlainHttp } from './status-urls-plain-http.ts'
import { statusUrls } from './status-urls.ts'
import { subjectAltNames } from './subject-alt-names.ts'
import { subjectEncoding } from './subject-encoding.ts'
import { subjectKeyIdentifier } from './subject-key-identifier.ts'
import { subjectName } from './subject-name.ts'
import { uniqueIdentifiers } from './unique-identifiers.ts'
import { validityEncoding } from './validity-encoding.ts'
import { validityNested } from './validity-nested.ts'
import { validityOrder } from './validity-order.ts'
import { version } from './version.ts'

/**
 * All rules for a TBSCertificate. A new one is a file here, a line in this list and a broken fixture in
 * certificate-rules.test.ts.
 */
export const certificateRules: readonly CertificateRule[] = [
  authorityKeyIdentifier,
  caBasicConstraints,
  caCrlSign,
  caKeyUsage,
  commonNameInSan,
  emptySubjectSan,
  extendedKeyUsageAbsent,
  extensionCriticalityAdvised,
  extensionCriticality,
  extensionValues,
  extensionsKnown,
  extensionsUnique,
  issuerIsCa,
  issuerName,
  keyOfOwn,
  keyUsageForKey,
  leafExtendedKeyUsage,
  leafKeyUsage,
  leafNotCa,
  nameConstraintsKept,
  nameConstraintsUse,
  ocspNoCheckUse,
  ocspResponder,
  pathLength,
  publicKey,
  serialNumber,
  signatureAlgorithm,
  signerKey,
  statusUrlsPlainHttp,
  statusUrls,
  subjectAltNames,
  subjectEncoding,
  subjectKeyIdentifier,
  subjectName,
  uniqueIdentifiers,
  validityEncoding,
  validityNested,
  validityOrder,
  version,
]

/** All rules for a TBSCertList. */
export const crlRules: readonly CrlRule[] = [
  crlAuthorityKeyIdentifier,
  crlEntries,
  crlExtensions,
  crlIssuer,
  crlNumber,
  crlSignatureAlgorithm,
  crlTimes,
  crlVersion,
]

/** All rules for a CertificationRequestInfo of ours. */
export const csrRules: readonly CsrRule[] = [csrAttributes, csrPublicKey, csrSubject]
