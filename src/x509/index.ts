export {
  curves,
  keyAlgorithms,
  signatureAlgorithmFor,
  signatureAlgorithmOf,
  signatureAlgorithms,
} from './algorithms.ts'
export type {
  CurveName,
  KeyAlgorithm,
  KeyAlgorithmName,
  KeyType,
  SignatureAlgorithm,
  SignatureAlgorithmName,
  SignatureHash,
} from './algorithms.ts'
export { equalBytes } from './bytes.ts'
export { assembleCertificate, buildTbsCertificate, parseCertificate, parseTbsCertificate } from './certificate.ts'
export type { Certificate, CertificateSpec, TbsCertificate } from './certificate.ts'
export { assembleCrl, buildTbsCertList, crlFrame, encodeCrlEntries, streamCrlEntries, tbsCertListFrame } from './crl.ts'
export type { CrlEntries, CrlSpec, StreamedTbsCertList, TbsCertList } from './crl.ts'
export type { CrlEntry } from './crl-entry.ts'
export { lostSerials } from './crl-serials.ts'
export { parseCrl } from './crl-reader.ts'
export type { Crl } from './crl-reader.ts'
export { assembleCsr, buildCsrInfo, parseCsr, parseCsrInfo, verifyCsr } from './csr.ts'
export type { Csr, CsrInfo, RequestedExtensions } from './csr.ts'
export * as der from './der/index.ts'
export { DerError, X509Error } from './errors.ts'
export type { DerErrorCode, X509ErrorCode } from './errors.ts'
export * from './extensions/index.ts'
export { generalNameProblem, generalNameText } from './general-names.ts'
export type { GeneralName } from './general-names.ts'
export { dnsNameProblem, emailProblem, uriHost, uriProblem } from './host-names.ts'
export { formatCidr, formatIp, parseCidr, parseIp } from './ip.ts'
export * from './lint/index.ts'
export { nameConstraintsViolation } from './name-constraints-check.ts'
export type { ConstrainedNames } from './name-constraints-check.ts'
export { buildName, buildNameFromRdns, isEmptyName, nameValueProblem, parseName } from './names.ts'
export type { Name, NameAttribute, NameFields, ParsedAttribute } from './names.ts'
export { parseOcspRequest } from './ocsp-request.ts'
export type { OcspCertId, OcspRequest, OcspRequestLimits } from './ocsp-request.ts'
export {
  buildOcspResponseData,
  issuerIdentifiers,
  ocspAnswerHead,
  ocspErrorAnswer,
  responderCertificates,
} from './ocsp-response.ts'
export type { OcspSingle, OcspStatus } from './ocsp-response.ts'
export { oidName, oids } from './oids.ts'
export type { OidName } from './oids.ts'
export { readOnePem, readPem, writePem } from './pem.ts'
export type { PemBlock, PemOptions } from './pem.ts'
export { keyMatches, privateKeyFrom, readPrivateKey, theKeyAmong } from './private-key.ts'
export type { PrivateKey } from './private-key.ts'
export { serialOctets } from './serial.ts'
export { checkKey, parseSpki } from './spki.ts'
export type { KeyKind, KeyPolicy, Spki } from './spki.ts'
