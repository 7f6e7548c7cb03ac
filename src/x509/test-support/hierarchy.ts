import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { signatureAlgorithms } from '../algorithms.ts'
import type { SignatureAlgorithmName } from '../algorithms.ts'
import { assembleCertificate, buildTbsCertificate, parseCertificate } from '../certificate.ts'
import type { Certificate, CertificateSpec } from '../certificate.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyPurposes,
  keyUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from '../extensions/index.ts'
import type { Extension } from '../extensions/index.ts'
import { buildName } from '../names.ts'
import type { NameFields } from '../names.ts'
import { parseSpki } from '../spki.ts'
import type { Spki } from '../spki.ts'

export const day = 86_400_000
/** The instant that all fixtures are made at. */
export const epoch = Date.UTC(2026, 0, 1)

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly spki: Spki
}

function keyPairOf(privateKey: KeyObject, publicKey: KeyObject): KeyPair {
  return { privateKey, spki: parseSpki(publicKey.export({ format: 'der', type: 'spki' })) }
}

export function ecKey(namedCurve = 'prime256v1'): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  return keyPairOf(privateKey, publicKey)
}

export function ed25519Key(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return keyPairOf(privateKey, publicKey)
}

export function rsaKey(modulusLength = 2048, publicExponent = 65_537): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return keyPairOf(privateKey, publicKey)
}

export function signWith(key: KeyPair, algorithm: SignatureAlgorithmName, data: Uint8Array): Uint8Array {
  return sign(signatureAlgorithms[algorithm].digest, data, key.privateKey)
}

export interface TestCa {
  readonly key: KeyPair
  readonly certificate: Certificate
  readonly algorithm: SignatureAlgorithmName
  /** From the issuer of what this CA issues up to the root. */
  readonly chain: readonly Certificate[]
}

export function aRootSpec(key: KeyPair, name: NameFields = { country: 'CN', commonName: 'Root' }): CertificateSpec {
  const subject = buildName(name)
  return {
    serial: '0102030405060708090a0b0c0d0e0f10',
    signatureAlgorithm: 'ecdsaWithSha256',
    issuer: subject,
    subject,
    notBefore: epoch,
    notAfter: epoch + 3650 * day,
    spki: key.spki.der,
    extensions: caExtensions(key.spki),
  }
}

export function caExtensions(spki: Spki, pathLength?: number): Extension[] {
  return [
    basicConstraints({ ca: true, pathLength }),
    keyUsage(['keyCertSign', 'cRLSign', 'digitalSignature']),
    subjectKeyIdentifier(spki.keyIdentifier()),
  ]
}

export function aRoot(change: Partial<CertificateSpec> = {}, key = ecKey()): TestCa {
  const spec = { ...aRootSpec(key), ...change }
  const certificate = issue(spec, key)
  return { key, certificate, algorithm: spec.signatureAlgorithm, chain: [certificate] }
}

export function aSubordinateSpec(issuer: TestCa, key: KeyPair, pathLength?: number): CertificateSpec {
  return {
    serial: '1112131415161718191a1b1c1d1e1f20',
    signatureAlgorithm: issuer.algorithm,
    issuer: issuer.certificate.tbs.subjectDer,
    subject: buildName({ country: 'CN', organization: 'Example', commonName: 'Issuing CA' }),
    notBefore: epoch + day,
    notAfter: epoch + 1825 * day,
    spki: key.spki.der,
    extensions: [...caExtensions(key.spki, pathLength), authorityKeyIdentifier(issuer.key.spki.keyIdentifier())],
  }
}

export function aSubordinate(issuer: TestCa, change: Partial<CertificateSpec> = {}, key = ecKey()): TestCa {
  const certificate = issue({ ...aSubordinateSpec(issuer, key), ...change }, issuer.key)
  const algorithm = key.spki.kind.type === 'rsa' ? 'sha256WithRsa' : 'ecdsaWithSha256'
  return { key, certificate, algorithm, chain: [certificate, ...issuer.chain] }
}

export function aLeafSpec(issuer: TestCa, key: KeyPair): CertificateSpec {
  return {
    serial: 'f1f2f3f4f5f6f7f8f9fafbfcfdfeff00',
    signatureAlgorithm: issuer.algorithm,
    issuer: issuer.certificate.tbs.subjectDer,
    subject: buildName({ commonName: 'www.example.com' }),
    notBefore: epoch + 2 * day,
    notAfter: epoch + 92 * day,
    spki: key.spki.der,
    extensions: leafExtensions(issuer, key.spki),
  }
}

export function leafExtensions(issuer: TestCa, spki: Spki): Extension[] {
  return [
    basicConstraints({ ca: false }),
    keyUsage(['digitalSignature']),
    extendedKeyUsage([keyPurposes.serverAuth]),
    subjectKeyIdentifier(spki.keyIdentifier()),
    authorityKeyIdentifier(issuer.key.spki.keyIdentifier()),
    subjectAltName([{ type: 'dns', value: 'www.example.com' }]),
  ]
}

/** Signs without linting: tests also need what must not exist. */
export function issue(spec: CertificateSpec, issuerKey: KeyPair): Certificate {
  const tbs = buildTbsCertificate(spec)
  const signature = signWith(issuerKey, spec.signatureAlgorithm, tbs)
  return parseCertificate(assembleCertificate(tbs, spec.signatureAlgorithm, signature))
}
