import type { CertificateSpec } from '../certificate.ts'
import { buildTbsCertificate } from '../certificate.ts'
import { DerReader } from '../der/reader.ts'
import { tags } from '../der/tags.ts'
import { boolean, explicitTag, integer, octetString, oid, primitive, sequence, set } from '../der/writer.ts'
import {
  authorityInformationAccess,
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoints,
  customExtension,
  extendedKeyUsage,
  extension,
  keyPurposes,
  keyUsage,
  nameConstraints,
  ocspNoCheck,
  subjectAltName,
  subjectKeyIdentifier,
} from '../extensions/index.ts'
import type { Extension } from '../extensions/index.ts'
import { buildName } from '../names.ts'
import { oids } from '../oids.ts'
import {
  aLeafSpec,
  aRoot,
  aRootSpec,
  aSubordinate,
  aSubordinateSpec,
  caExtensions,
  day,
  ecKey,
  ed25519Key,
  leafExtensions,
  rsaKey,
} from './hierarchy.ts'
import type { CertificateProfile } from '../lint/profile.ts'

const root = aRoot()
const constrained = aSubordinate(root, {
  extensions: [
    ...caExtensions(root.key.spki, 0).slice(0, 2),
    subjectKeyIdentifier(Uint8Array.of(1, 2, 3)),
    nameConstraints({ permitted: [{ type: 'dns', value: 'example.com' }] }),
  ],
})
const key = ecKey()
const rsa = rsaKey()
const emptyName = buildName({})

const asLeaf: CertificateProfile = { kind: 'leaf', signatureAlgorithm: 'ecdsaWithSha256', chain: root.chain }
const asSub: CertificateProfile = { ...asLeaf, kind: 'subordinateCa' }
const asRoot: CertificateProfile = { ...asLeaf, kind: 'root', chain: [] }
const asResponder: CertificateProfile = { ...asLeaf, kind: 'ocspResponder' }

const leafSpec = aLeafSpec(root, key)
const subSpec = aSubordinateSpec(root, key)
const rootSpec = aRootSpec(key)
const responderSpec: CertificateSpec = {
  ...leafSpec,
  extensions: [
    keyUsage(['digitalSignature']),
    extendedKeyUsage([keyPurposes.ocspSigning]),
    authorityKeyIdentifier(root.key.spki.keyIdentifier()),
    ocspNoCheck(),
  ],
}
const belowConstrained: CertificateProfile = { ...asLeaf, chain: [constrained.certificate, root.certificate] }
const leafBelowConstrained: CertificateSpec = {
  ...leafSpec,
  issuer: constrained.certificate.tbs.subjectDer,
  extensions: swap(leafSpec, authorityKeyIdentifier(Uint8Array.of(1, 2, 3))),
}

/** The spec's extensions with these in the place of those of the same OID, or behind them. */
function swap(spec: CertificateSpec, ...others: Extension[]): Extension[] {
  const kept = spec.extensions
    .filter((each) => each !== false)
    .filter(({ oid: type }) => !others.some((other) => other.oid === type))
  return [...kept, ...others]
}

function without(spec: CertificateSpec, ...types: string[]): Extension[] {
  return spec.extensions.filter((each) => each !== false).filter(({ oid: type }) => !types.includes(type))
}

/** The TBS of a spec with one field changed in a way that no spec can say. */
function altered(spec: CertificateSpec, change: (fields: Uint8Array[]) => void): Uint8Array {
  const reader = new DerReader(buildTbsCertificate(spec)).enter(tags.sequence)
  const fields: Uint8Array[] = []
  while (!reader.done) fields.push(reader.element())
  change(fields)
  return sequence(...fields)
}

const generalizedTime = primitive(tags.generalizedTime, Buffer.from('20260103000000Z'))
const teletexName = sequence(set(sequence(oid(oids.commonName), primitive(tags.teletexString, Buffer.from('a')))))
const subjectOf = (type: string, tag: number, text: string) =>
  sequence(set(sequence(oid(type), primitive(tag, Buffer.from(text)))))
const rawSan = (...names: Uint8Array[]) => extension(oids.subjectAltName, { critical: false }, sequence(...names))

/** What every rule lets pass. */
export const conforming: readonly [string, CertificateSpec, CertificateProfile][] = [
  ['a root', rootSpec, asRoot],
  ['a subordinate CA', subSpec, asSub],
  ['a leaf', leafSpec, asLeaf],
  ['an OCSP responder', responderSpec, asResponder],
  ['a leaf below name constraints and path length 0', leafBelowConstrained, belowConstrained],
  ['a leaf with a P-521 key', { ...leafSpec, spki: ecKey('secp521r1').spki.der }, asLeaf],
  ['a leaf with an Ed25519 key', { ...leafSpec, spki: ed25519Key().spki.der }, asLeaf],
  [
    'a leaf with an RSA key and keyEncipherment',
    { ...leafSpec, spki: rsa.spki.der, extensions: swap(leafSpec, keyUsage(['keyEncipherment'])) },
    asLeaf,
  ],
  [
    'a leaf with no subject and a critical SAN',
    {
      ...leafSpec,
      subject: emptyName,
      extensions: swap(leafSpec, subjectAltName([{ type: 'dns', value: 'a' }], { critical: true })),
    },
    asLeaf,
  ],
  [
    'a leaf with a custom extension',
    { ...leafSpec, extensions: swap(leafSpec, customExtension('1.2.3', { critical: false }, boolean(true))) },
    asLeaf,
  ],
  ['a serial of 20 octets', { ...leafSpec, serial: `7f${'ab'.repeat(19)}` }, asLeaf],
  ['a validity into 2050', { ...rootSpec, notAfter: Date.UTC(2060, 0, 1) }, asRoot],
]

/** For each rule what breaks it: the broken bytes (or what is broken of the profile's own spec), and as what they are linted. */
export const broken: Record<string, [string, Uint8Array | Partial<CertificateSpec>, CertificateProfile][]> = {
  'authority-key-identifier': [
    ['absent', { extensions: without(leafSpec, oids.authorityKeyIdentifier) }, asLeaf],
    ['of another key', { extensions: swap(leafSpec, authorityKeyIdentifier(key.spki.keyIdentifier())) }, asLeaf],
    [
      'without key identifier',
      { extensions: swap(leafSpec, extension(oids.authorityKeyIdentifier, { critical: false }, sequence())) },
      asLeaf,
    ],
    [
      'with issuer and serial',
      {
        extensions: swap(
          leafSpec,
          extension(
            oids.authorityKeyIdentifier,
            { critical: false },
            sequence(Uint8Array.of(0x80, 1, 1), Uint8Array.of(0xa1, 2, 0x82, 0), Uint8Array.of(0x82, 1, 1)),
          ),
        ),
      },
      asLeaf,
    ],
    ['of a root, not its own', { extensions: swap(rootSpec, authorityKeyIdentifier(Uint8Array.of(1))) }, asRoot],
  ],
  'ca-basic-constraints': [
    ['absent', { extensions: without(subSpec, oids.basicConstraints) }, asSub],
    ['cA FALSE', { extensions: swap(subSpec, basicConstraints({ ca: false })) }, asSub],
    [
      'not critical',
      { extensions: swap(rootSpec, extension(oids.basicConstraints, { critical: false }, sequence(boolean(true)))) },
      asRoot,
    ],
  ],
  'ca-crl-sign': [['keyCertSign only', { extensions: swap(subSpec, keyUsage(['keyCertSign'])) }, asSub]],
  'ca-key-usage': [
    ['absent', { extensions: without(subSpec, oids.keyUsage) }, asSub],
    ['without keyCertSign', { extensions: swap(subSpec, keyUsage(['cRLSign'])) }, asSub],
    ['not critical', { extensions: swap(rootSpec, keyUsage(['keyCertSign', 'cRLSign'], { critical: false })) }, asRoot],
  ],
  'common-name-in-san': [
    ['a host', { subject: buildName({ commonName: 'other.example.com' }) }, asLeaf],
    ['an address', { subject: buildName({ commonName: '192.0.2.1' }) }, asLeaf],
  ],
  'empty-subject-san': [
    ['no SAN', { subject: emptyName, extensions: without(leafSpec, oids.subjectAltName) }, asLeaf],
    ['SAN not critical', { subject: emptyName }, asLeaf],
  ],
  'extended-key-usage-absent': [['absent', { extensions: without(leafSpec, oids.extendedKeyUsage) }, asLeaf]],
  'extension-criticality': [
    [
      'subjectKeyIdentifier',
      {
        extensions: swap(
          leafSpec,
          extension(oids.subjectKeyIdentifier, { critical: true }, octetString(new Uint8Array(20))),
        ),
      },
      asLeaf,
    ],
    [
      'authorityInfoAccess',
      {
        extensions: swap(leafSpec, {
          ...extension(
            oids.authorityInformationAccess,
            { critical: true },
            authorityInformationAccess({ ocsp: ['http://a.b/'] }).value,
          ),
        }),
      },
      asLeaf,
    ],
  ],
  'extension-criticality-advised': [
    ['keyUsage not', { extensions: swap(leafSpec, keyUsage(['digitalSignature'], { critical: false })) }, asLeaf],
    [
      'cRLDistributionPoints',
      {
        extensions: swap(
          leafSpec,
          extension(oids.crlDistributionPoints, { critical: true }, crlDistributionPoints(['http://a.b/']).value),
        ),
      },
      asLeaf,
    ],
    [
      'a custom one',
      { extensions: swap(leafSpec, customExtension('1.2.3', { critical: true }, boolean(true))) },
      asLeaf,
    ],
  ],
  'extension-values': [
    [
      'keyUsage that is a NULL',
      { extensions: swap(leafSpec, extension(oids.keyUsage, { critical: true }, Uint8Array.of(5, 0))) },
      asLeaf,
    ],
    [
      'a custom one that is no DER',
      { extensions: swap(leafSpec, extension('1.2.3', { critical: false }, Uint8Array.of(1))) },
      asLeaf,
    ],
    [
      'cRLDistributionPoints that is empty',
      { extensions: swap(leafSpec, extension(oids.crlDistributionPoints, { critical: false }, sequence())) },
      asLeaf,
    ],
    [
      'nameConstraints that is empty',
      { extensions: swap(subSpec, extension(oids.nameConstraints, { critical: true }, sequence())) },
      asSub,
    ],
  ],
  'extensions-known': [
    [
      'policyConstraints',
      { extensions: swap(leafSpec, extension(oids.policyConstraints, { critical: false }, sequence())) },
      asLeaf,
    ],
    [
      'Netscape’s certificate type',
      {
        extensions: swap(leafSpec, extension('2.16.840.1.113730.1.1', { critical: false }, Uint8Array.of(3, 2, 0, 1))),
      },
      asLeaf,
    ],
    [
      'TLS feature',
      { extensions: swap(leafSpec, extension(oids.tlsFeature, { critical: false }, sequence(integer(5)))) },
      asLeaf,
    ],
  ],
  'extensions-unique': [
    ['keyUsage twice', { extensions: [...leafSpec.extensions, keyUsage(['digitalSignature'])] }, asLeaf],
  ],
  'issuer-is-ca': [
    [
      'a leaf as issuer',
      {},
      { ...asLeaf, chain: [aSubordinate(root, { extensions: leafExtensions(root, key.spki) }).certificate] },
    ],
    [
      'a CA without keyCertSign',
      {},
      {
        ...asLeaf,
        chain: [aRoot({ extensions: [basicConstraints({ ca: true }), keyUsage(['cRLSign'])] }).certificate],
      },
    ],
  ],
  'issuer-name': [
    ['another name', { issuer: buildName({ commonName: 'Root' }) }, asLeaf],
    ['empty', { issuer: emptyName }, asLeaf],
    ['a root that another issued', { issuer: buildName({ commonName: 'b' }) }, asRoot],
    ['a leaf without an issuer', {}, { ...asLeaf, chain: [] }],
    ['a root with an issuer', {}, { ...asRoot, chain: root.chain }],
  ],
  'key-of-own': [['the issuer’s key', { spki: root.key.spki.der }, asLeaf]],
  'key-usage-for-key': [
    ['keyEncipherment with EC', { extensions: swap(leafSpec, keyUsage(['keyEncipherment'])) }, asLeaf],
    ['keyAgreement with RSA', { spki: rsa.spki.der, extensions: swap(leafSpec, keyUsage(['keyAgreement'])) }, asLeaf],
    ['encipherOnly alone', { extensions: swap(leafSpec, keyUsage(['digitalSignature', 'encipherOnly'])) }, asLeaf],
  ],
  'leaf-extended-key-usage': [
    [
      'OCSPSigning',
      { extensions: swap(leafSpec, extendedKeyUsage([keyPurposes.serverAuth, keyPurposes.ocspSigning])) },
      asLeaf,
    ],
    ['anyExtendedKeyUsage', { extensions: swap(leafSpec, extendedKeyUsage([oids.anyExtendedKeyUsage])) }, asLeaf],
    [
      'anyExtendedKeyUsage of a responder',
      { extensions: swap(leafSpec, extendedKeyUsage([oids.anyExtendedKeyUsage])) },
      asResponder,
    ],
  ],
  'leaf-key-usage': [
    ['keyCertSign', { extensions: swap(leafSpec, keyUsage(['digitalSignature', 'keyCertSign'])) }, asLeaf],
    ['cRLSign', { extensions: swap(leafSpec, keyUsage(['cRLSign'])) }, asLeaf],
    ['cRLSign of a responder', { extensions: swap(leafSpec, keyUsage(['cRLSign'])) }, asResponder],
  ],
  'leaf-not-ca': [
    ['cA TRUE', { extensions: swap(leafSpec, basicConstraints({ ca: true })) }, asLeaf],
    ['cA TRUE of a responder', { extensions: swap(leafSpec, basicConstraints({ ca: true })) }, asResponder],
  ],
  'name-constraints-kept': [
    [
      'a name outside of them',
      buildTbsCertificate({
        ...leafBelowConstrained,
        extensions: swap(leafBelowConstrained, subjectAltName([{ type: 'dns', value: 'a.example.org' }])),
      }),
      belowConstrained,
    ],
  ],
  'name-constraints-use': [
    [
      'in a leaf',
      { extensions: swap(leafSpec, nameConstraints({ permitted: [{ type: 'dns', value: 'a' }] })) },
      asLeaf,
    ],
    [
      'not critical',
      {
        extensions: swap(
          subSpec,
          extension(
            oids.nameConstraints,
            { critical: false },
            nameConstraints({ permitted: [{ type: 'dns', value: 'a' }] }).value,
          ),
        ),
      },
      asSub,
    ],
  ],
  'ocsp-no-check-use': [
    ['in a leaf', { extensions: swap(leafSpec, ocspNoCheck()) }, asLeaf],
    ['in a CA', { extensions: swap(subSpec, ocspNoCheck()) }, asSub],
  ],
  'ocsp-responder': [
    [
      'another purpose',
      { extensions: swap(responderSpec, extendedKeyUsage([keyPurposes.ocspSigning, keyPurposes.serverAuth])) },
      asResponder,
    ],
    ['no purpose', { extensions: without(responderSpec, oids.extendedKeyUsage) }, asResponder],
    ['no digitalSignature', { extensions: swap(responderSpec, keyUsage(['nonRepudiation'])) }, asResponder],
  ],
  'path-length': [
    [
      'a CA below path length 0',
      buildTbsCertificate({
        ...subSpec,
        issuer: constrained.certificate.tbs.subjectDer,
        subject: buildName({ commonName: 'www.example.com' }),
      }),
      { ...asSub, chain: belowConstrained.chain },
    ],
    ['a leaf too deep', {}, { ...asLeaf, chain: [aSubordinate(root).certificate, constrained.certificate] }],
  ],
  'public-key': [
    ['secp256k1', { spki: ecKey('secp256k1').spki.der }, asLeaf],
    ['RSA of 2304 bits', { spki: rsaKey(2304).spki.der }, asLeaf],
    ['none at all', { spki: sequence(sequence(oid('1.2.3')), Uint8Array.of(3, 1, 0)) }, asLeaf],
  ],
  'serial-number': [
    [
      'negative',
      altered(leafSpec, (fields) => (fields[1] = primitive(tags.integer, new Uint8Array(16).fill(0x80)))),
      asLeaf,
    ],
    ['zero', { serial: '00' }, asLeaf],
    ['below 64 bits', { serial: 'ffffffffffff' }, asLeaf],
    ['21 octets with the sign', { serial: '80'.repeat(20) }, asLeaf],
  ],
  'signature-algorithm': [
    ['another hash', { signatureAlgorithm: 'ecdsaWithSha384' }, asLeaf],
    [
      'RSA without NULL',
      altered(
        { ...leafSpec, signatureAlgorithm: 'sha256WithRsa' },
        (fields) => (fields[2] = sequence(oid(oids.sha256WithRsa))),
      ),
      { ...asLeaf, signatureAlgorithm: 'sha256WithRsa' },
    ],
  ],
  'signer-key': [
    ['RSA by an EC key', { signatureAlgorithm: 'sha256WithRsa' }, { ...asLeaf, signatureAlgorithm: 'sha256WithRsa' }],
    ['a root of another kind', { spki: rsa.spki.der }, asRoot],
  ],
  'status-urls': [
    [
      'no URL in a point',
      { extensions: swap(leafSpec, extension(oids.crlDistributionPoints, { critical: false }, sequence(sequence()))) },
      asLeaf,
    ],
    [
      'no URL in an access',
      {
        extensions: swap(
          leafSpec,
          extension(
            oids.authorityInformationAccess,
            { critical: false },
            sequence(sequence(oid(oids.ocsp), Uint8Array.of(0x82, 1, 0x61))),
          ),
        ),
      },
      asLeaf,
    ],
    [
      'a relative URL',
      {
        extensions: swap(
          leafSpec,
          extension(
            oids.authorityInformationAccess,
            { critical: false },
            sequence(sequence(oid(oids.ocsp), Uint8Array.of(0x86, 1, 0x61))),
          ),
        ),
      },
      asLeaf,
    ],
  ],
  'status-urls-plain-http': [
    ['https', { extensions: swap(leafSpec, crlDistributionPoints(['https://a.example/'])) }, asLeaf],
  ],
  'subject-alt-names': [
    ['an underscore', { extensions: swap(leafSpec, rawSan(Uint8Array.of(0x82, 3, 0x61, 0x5f, 0x62))) }, asLeaf],
    ['a form that nobody validated', { extensions: swap(leafSpec, rawSan(Uint8Array.of(0x88, 1, 0x2a))) }, asLeaf],
    ['no names', { extensions: swap(leafSpec, rawSan()) }, asLeaf],
  ],
  'subject-encoding': [
    ['TeletexString', { subject: teletexName }, asLeaf],
    ['a country as UTF8String', { subject: subjectOf(oids.country, tags.utf8String, 'CN') }, asLeaf],
    ['an e-mail address as UTF8String', { subject: subjectOf(oids.emailAddress, tags.utf8String, 'a@b.c') }, asLeaf],
    ['an asterisk in a PrintableString', { subject: subjectOf(oids.commonName, tags.printableString, '*.a') }, asLeaf],
    ['65 characters', { subject: subjectOf(oids.commonName, tags.utf8String, 'a'.repeat(65)) }, asLeaf],
    ['no string', { subject: sequence(set(sequence(oid(oids.commonName), integer(1)))) }, asLeaf],
  ],
  'subject-key-identifier': [
    ['absent in a CA', { extensions: without(subSpec, oids.subjectKeyIdentifier) }, asSub],
    ['empty', { extensions: swap(leafSpec, subjectKeyIdentifier(new Uint8Array())) }, asLeaf],
    ['65 octets', { extensions: swap(leafSpec, subjectKeyIdentifier(new Uint8Array(65))) }, asLeaf],
  ],
  'subject-name': [
    ['empty in a CA', { subject: emptyName }, asSub],
    ['empty in a responder', { subject: emptyName }, asResponder],
  ],
  'unique-identifiers': [
    ['of the issuer', altered(leafSpec, (fields) => fields.splice(7, 0, Uint8Array.of(0x81, 2, 0, 5))), asLeaf],
  ],
  'validity-encoding': [
    [
      'GeneralizedTime before 2050',
      altered(leafSpec, (fields) => (fields[4] = sequence(generalizedTime, fields[4]!.subarray(17)))),
      asLeaf,
    ],
  ],
  'validity-nested': [
    ['ends after its issuer', { notAfter: rootSpec.notAfter + 1000 }, asLeaf],
    ['begins before its issuer', { notBefore: rootSpec.notBefore - 1000 }, asLeaf],
  ],
  'validity-order': [
    ['backwards', { notBefore: leafSpec.notAfter + day }, asLeaf],
    ['no duration', { notBefore: leafSpec.notAfter }, asLeaf],
  ],
  version: [
    ['1', altered(leafSpec, (fields) => fields.shift()), asLeaf],
    ['2', altered(leafSpec, (fields) => (fields[0] = explicitTag(0, integer(1)))), asLeaf],
  ],
}

/** The conforming spec of a profile. */
export const specOf = (profile: CertificateProfile) =>
  ({ root: rootSpec, subordinateCa: subSpec, leaf: leafSpec, ocspResponder: responderSpec })[profile.kind]
