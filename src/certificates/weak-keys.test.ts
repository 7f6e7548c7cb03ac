import { checkPrimeSync, generateKeyPairSync, generatePrimeSync, sign, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCore, type Core } from '../../test/support/core.ts'
import { operations } from '../api/index.ts'
import {
  assembleCsr,
  buildCsrInfo,
  buildName,
  der,
  oids,
  writePem,
  type SignatureAlgorithmName,
} from '../x509/index.ts'
import { aLeafSpec, aRoot, ecKey, issue, rsaKey } from '../x509/test-support/hierarchy.ts'

interface WeakKey {
  readonly spki: Uint8Array
  /** Absent for a key that nobody can have; then something else signs, and is not asked. */
  readonly privateKey?: KeyObject
}

const { bitString, integer, nullValue, oid, sequence } = der
const rsaOf = (n: bigint, e = 65_537n): WeakKey => ({
  spki: sequence(sequence(oid(oids.rsaEncryption), nullValue()), bitString(sequence(integer(n), integer(e)))),
})
const pairOf = ({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): WeakKey => ({
  spki: publicKey.export({ format: 'der', type: 'spki' }),
  privateKey,
})
const rsa = (modulusLength: number, publicExponent = 65_537): WeakKey =>
  pairOf(generateKeyPairSync('rsa', { modulusLength, publicExponent }))

/** A modulus of 2048 bits with these bits at its end. */
const modulus = (low: bigint): bigint => (3n << 2046n) + low

function closePrimes(): bigint {
  const p = generatePrimeSync(1024, { bigint: true })
  let q = p + 2n
  while (!checkPrimeSync(q)) q += 2n
  return p * q
}

/** Both factors are k·M + (65537^a mod M), M being the product of the first primes (Nemec et al., CCS 2017, §3). */
function rocaModulus(): bigint {
  let m = 1n
  for (let n = 2n; n < 168n; n++) if (checkPrimeSync(n)) m *= n
  const factor = (k: bigint, a: bigint) => k * m + (65_537n ** a % m)
  const k = (3n << 1022n) / m
  return factor(k + 5n, 100n) * factor(k + 9n, 321n)
}

function point(change: (bytes: Uint8Array) => Uint8Array): WeakKey {
  const { spki } = ecKey()
  return {
    spki: sequence(
      sequence(oid(oids.ecPublicKey), oid(oids.prime256v1)),
      bitString(change(Uint8Array.from(spki.keyBits))),
    ),
  }
}

const good = modulusOf(rsaKey().spki.keyBits)

const weakKeys: readonly [string, () => WeakKey, string][] = [
  ['RSA of 1024 bits', () => rsa(1024), '1024 bits'],
  ['RSA of 1024 bits that claims leading zeros', () => rsaOf((1n << 1023n) + 1n), '1024 bits'],
  ['RSA with the exponent 3', () => rsa(2048, 3), 'exponent'],
  ['RSA with the exponent 1', () => rsaOf(good, 1n), 'exponent'],
  ['RSA with an even exponent', () => rsaOf(good, 65_538n), 'exponent'],
  ['RSA with an exponent above 2^256', () => rsaOf(good, (1n << 256n) + 1n), 'exponent'],
  ['RSA with an even modulus', () => rsaOf(modulus(2n)), 'small factor'],
  ['RSA with a small factor', () => rsaOf(751n * ((modulus(0n) / 751n) | 1n)), 'small factor'],
  ['RSA with the modulus 0', () => rsaOf(0n), '0 bits'],
  ['RSA with the fingerprint of ROCA (CVE-2017-15361)', () => rsaOf(rocaModulus()), 'ROCA'],
  ['RSA with close primes (CVE-2022-26320)', () => rsaOf(closePrimes()), 'too close'],
  ['a point off its curve', () => point((bytes) => (bytes.set([bytes[64]! ^ 1], 64), bytes)), 'cannot be imported'],
  ['the point at infinity', () => point(() => Uint8Array.of(0)), 'uncompressed point'],
  [
    'a compressed point',
    () => point((bytes) => Uint8Array.of(2 + (bytes[64]! & 1), ...bytes.subarray(1, 33))),
    'uncompressed point',
  ],
  ['P-192', () => pairOf(generateKeyPairSync('ec', { namedCurve: 'prime192v1' })), 'not accepted'],
  ['secp256k1', () => pairOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), 'not accepted'],
  [
    'Ed25519 of small order',
    () => ({ spki: sequence(sequence(oid(oids.ed25519)), bitString(Uint8Array.of(1, ...new Uint8Array(31)))) }),
    'small order',
  ],
  ['X25519, which signs nothing', () => ({ spki: pairOf(generateKeyPairSync('x25519')).spki }), 'not accepted'],
]

describe('weak keys are certified by no operation, and end in no failure of ours (design 5)', () => {
  let core: Core
  let issuerId: string
  beforeAll(async () => {
    core = await openCore()
    const { caId } = await core.call(core.administrator, operations.CreateCa, {
      type: 'root',
      subject: { commonName: 'Root' },
      keyAlgorithm: 'p256',
      signatureHash: 'sha256',
      validity: { unit: 'year', amount: 10 },
    })
    issuerId = caId
  })
  afterAll(() => core[Symbol.asyncDispose]())

  const validity = { unit: 'day', amount: 30 } as const

  test.each(weakKeys)('%s', async (_, make, reason) => {
    const key = make()
    const input = { issuerId, csr: csrFor(key), validity }
    const message = expect.stringContaining(reason) as string
    const refused = { code: 'KeyRefused', message }
    await expect(core.call(core.administrator, operations.IssueCertificateByCsr, input)).rejects.toMatchObject(refused)
    await expect(core.call(core.administrator, operations.IssueCaByCsr, input)).rejects.toMatchObject(refused)
    const upload = core.call(core.administrator, operations.UploadCertificate, {
      name: 'weak',
      certificate: certificateFor(key),
      privateKey: (key.privateKey ?? ecKey().privateKey).export({ format: 'pem', type: 'pkcs8' }) as string,
    })
    await expect(upload).rejects.toMatchObject({ code: 'CertificateUnreadable', message })
  })
})

/** A request with a signature by the key, where there is one. */
function csrFor({ spki, privateKey = ecKey().privateKey }: WeakKey): string {
  const info = buildCsrInfo({ subject: buildName({ commonName: 'weak' }), spki, extensions: [] })
  const algorithm: SignatureAlgorithmName = privateKey.asymmetricKeyType === 'rsa' ? 'sha256WithRsa' : 'ecdsaWithSha256'
  return writePem('CERTIFICATE REQUEST', assembleCsr(info, algorithm, sign('sha256', info, privateKey)))
}

function certificateFor({ spki }: WeakKey): string {
  const root = aRoot()
  const spec = aLeafSpec(root, ecKey())
  return writePem('CERTIFICATE', issue({ ...spec, spki }, root.key).der)
}

function modulusOf(keyBits: Uint8Array): bigint {
  const contents = new der.DerReader(keyBits).enter(der.tags.sequence).integer()
  return BigInt(`0x${contents.toHex()}`)
}
