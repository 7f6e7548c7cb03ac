import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, randomUUID, verify } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  generateExportableKey,
  keyAlgorithms,
  KeyGenerationBusy,
  openKeyring,
  SealedProvider,
  type KeyAlgorithm,
  type KeyProvider,
  type KeyReference,
  type Linted,
} from './index.ts'
import { keyGenerationGate } from './key-generation.ts'
import { aFolder, anInstance, linted } from './support.fixture.ts'
import { need } from '../../test/support/tools.ts'

const algorithms = Object.keys(keyAlgorithms) as KeyAlgorithm[]
const message = Buffer.from('to be signed')

async function aKey(
  provider: KeyProvider,
  algorithm: KeyAlgorithm = 'p256',
): Promise<{ spki: Buffer; key: KeyReference }> {
  const named = { keyId: randomUUID(), accountId: 'acct-1', algorithm }
  const { spki, sealedPrivateKey } = await provider.generate(named)
  return { spki, key: { ...named, sealedPrivateKey } }
}

function accepts(spki: Buffer, signature: Buffer, data: Uint8Array = message, hash: string | null = 'sha256'): boolean {
  return verify(hash, data, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature)
}

async function opensslVerifies(
  spki: Buffer,
  hash: string | null,
  data: Uint8Array,
  signature: Buffer,
): Promise<string> {
  await using folder = await aFolder()
  const file = (name: string): string => join(folder.path, name)
  await writeFile(
    file('spki'),
    createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ type: 'spki', format: 'pem' }),
  )
  await writeFile(file('data'), data)
  await writeFile(file('signature'), signature)
  const args =
    hash === null
      ? [
          'pkeyutl',
          '-verify',
          '-rawin',
          '-pubin',
          '-inkey',
          file('spki'),
          '-sigfile',
          file('signature'),
          '-in',
          file('data'),
        ]
      : ['dgst', `-${hash}`, '-verify', file('spki'), '-signature', file('signature'), file('data')]
  need('openssl')
  return execFileSync('openssl', args, { encoding: 'utf8' }).trim()
}

describe('signatures are accepted by OpenSSL', () => {
  test.each(algorithms)('%s with each hash, in one chunk and streamed', async (algorithm) => {
    await using instance = await anInstance()
    const { spki, key } = await aKey(instance.provider, algorithm)
    const parts = [Buffer.alloc(20_000, 1), Buffer.alloc(1_100_000, 2), Buffer.alloc(5, 3)]
    for (const hash of keyAlgorithms[algorithm].hashes) {
      const short = await instance.provider.sign(key, hash, linted(message))
      expect(await opensslVerifies(spki, hash, message, short)).toMatch(/Verified (OK|Successfully)$/)
      const long = await instance.provider.sign(key, hash, linted(...parts))
      expect(await opensslVerifies(spki, hash, Buffer.concat(parts), long)).toMatch(/Verified (OK|Successfully)$/)
    }
  })
})

describe('only what was linted is signed', () => {
  test('raw bytes are no token: neither the compiler nor the provider takes them', async () => {
    await using instance = await anInstance()
    const { key } = await aKey(instance.provider)
    // @ts-expect-error bytes are not Linted
    await expect(instance.provider.sign(key, 'sha256', message)).rejects.toBeInstanceOf(TypeError)
  })

  test('chunks may be one reused buffer', async () => {
    await using instance = await anInstance()
    const { spki, key } = await aKey(instance.provider)
    const token: Linted = {
      kind: 'crl',
      *consume() {
        const buffer = Buffer.alloc(4)
        for (const word of ['head', 'body', 'tail']) {
          buffer.write(word)
          yield buffer
        }
        buffer.fill(0)
      },
    }
    const signature = await instance.provider.sign(key, 'sha256', token)
    expect(accepts(spki, signature, Buffer.from('headbodytail'))).toBe(true)
  })

  test('a token is not redeemed when the key cannot sign', async () => {
    await using instance = await anInstance()
    const { key } = await aKey(instance.provider)
    await instance.provider.destroy(key.keyId)
    const token: Linted = { kind: 'crl', consume: () => expect.unreachable() }
    await expect(instance.provider.sign(key, 'sha256', token)).rejects.toMatchObject({ code: 'KeyNotFound' })
  })

  test('Ed25519 signs in one piece, so up to a stated size; nor does it take a hash, or ECDSA none', async () => {
    await using instance = await anInstance()
    const { spki, key } = await aKey(instance.provider, 'ed25519')
    const provider = new SealedProvider({ ...instance, onePieceBytes: 100_000 })
    const pieces = [Buffer.alloc(50_000, 1), Buffer.alloc(50_000, 2)]
    const signature = await provider.sign(key, null, linted(...pieces))
    expect(accepts(spki, signature, Buffer.concat(pieces), null)).toBe(true)
    const refused = { code: 'SignatureNotPossible' }
    const tooMuch = linted(...pieces, Buffer.alloc(1))
    await expect(provider.sign(key, null, tooMuch)).rejects.toMatchObject(refused)
    await expect(instance.provider.sign(key, null, linted())).rejects.toMatchObject(refused)
    await expect(instance.provider.sign(key, 'sha512', linted(message))).rejects.toMatchObject(refused)
    const { key: ec } = await aKey(instance.provider, 'p521')
    await expect(instance.provider.sign(ec, null, linted(message))).rejects.toMatchObject(refused)
  })

  test('nothing is not signed, nor is a hash that is not in the table', async () => {
    await using instance = await anInstance()
    const { key } = await aKey(instance.provider)
    const refused = { code: 'SignatureNotPossible' }
    await expect(instance.provider.sign(key, 'sha256', linted())).rejects.toMatchObject(refused)
    // @ts-expect-error sha1 is in no row
    await expect(instance.provider.sign(key, 'sha1', linted(message))).rejects.toMatchObject(refused)
  })
})

describe('a private key opens only for its own reference', () => {
  test.each<[string, (key: KeyReference, other: KeyReference) => KeyReference]>([
    ['another account', (key) => ({ ...key, accountId: 'acct-2' })],
    ['another algorithm', (key) => ({ ...key, algorithm: 'p384' })],
    ['the sealed key of another id', (key, other) => ({ ...key, sealedPrivateKey: other.sealedPrivateKey })],
    [
      'a changed sealed key',
      (key) => ({ ...key, sealedPrivateKey: Buffer.from(key.sealedPrivateKey).fill(0, 40, 41) }),
    ],
    ['another version', (key) => ({ ...key, sealedPrivateKey: Buffer.from(key.sealedPrivateKey).fill(9, 0, 1) })],
    ['an empty sealed key', (key) => ({ ...key, sealedPrivateKey: Buffer.alloc(0) })],
  ])('%s is refused, freshly opened or cached', async (_, change) => {
    await using instance = await anInstance()
    const { provider } = instance
    const [{ key }, { key: other }] = [await aKey(provider), await aKey(provider)]
    const wrong = change(key, other)
    await expect(provider.sign(wrong, 'sha256', linted(message))).rejects.toMatchObject({ code: 'KeyUnusable' })
    await provider.sign(key, 'sha256', linted(message))
    await expect(provider.sign(wrong, 'sha256', linted(message))).rejects.toMatchObject({ code: 'KeyUnusable' })
  })

  test('what the database holds is useless with another keyring', async () => {
    await using instance = await anInstance()
    await using elsewhere = await anInstance()
    const { key } = await aKey(instance.provider)
    const signing = elsewhere.provider.sign(key, 'sha256', linted(message))
    await expect(signing).rejects.toMatchObject({ code: 'KeyNotFound' })
    await elsewhere.provider.generate(key)
    await expect(elsewhere.provider.sign(key, 'sha256', linted(message))).rejects.toMatchObject({ code: 'KeyUnusable' })
  })

  test('it survives a restart', async () => {
    await using instance = await anInstance()
    const { spki, key } = await aKey(instance.provider, 'p384')
    const restarted = new SealedProvider({ keyring: await openKeyring(instance) })
    expect(accepts(spki, await restarted.sign(key, 'sha384', linted(message)), message, 'sha384')).toBe(true)
  })
})

describe('generating', () => {
  test('an id is used once', async () => {
    await using instance = await anInstance()
    const { key } = await aKey(instance.provider)
    await expect(instance.provider.generate(key)).rejects.toMatchObject({ code: 'KeyExists' })
  })

  test('slow keys beyond the queue are refused as busy, and leave nothing in the keyring', async () => {
    await using instance = await anInstance()
    const provider = new SealedProvider({ ...instance, gate: keyGenerationGate({ running: 1, waiting: 1 }) })
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => aKey(provider, 'rsa2048')))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(outcomes[2]).toMatchObject({ reason: expect.any(KeyGenerationBusy) })
    expect(await instance.keyring.list()).toHaveLength(2)
  })

  test('quick keys do not queue behind slow ones', async () => {
    await using instance = await anInstance()
    const gate = keyGenerationGate({ running: 1, waiting: 0 })
    const slow = generateExportableKey('rsa3072', gate)
    const provider = new SealedProvider({ ...instance, gate })
    expect((await aKey(provider, 'p256')).spki).toBeInstanceOf(Buffer)
    await slow
  })

  test.each(algorithms)('an exportable %s is PKCS #8 and SubjectPublicKeyInfo of one key pair', async (algorithm) => {
    const { spki, pkcs8 } = await generateExportableKey(algorithm)
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    expect(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })).toEqual(spki)
    const { material } = keyAlgorithms[algorithm]
    const { type, ...details } = material
    expect(privateKey.asymmetricKeyType).toBe(type)
    expect(privateKey.asymmetricKeyDetails).toMatchObject(details)
  })
})

describe('a key made elsewhere', () => {
  test.each(algorithms)('%s is sealed and signs like one of ours', async (algorithm) => {
    await using instance = await anInstance()
    const { spki, pkcs8 } = await generateExportableKey(algorithm)
    const named = { keyId: randomUUID(), accountId: 'acct-1', algorithm }
    const imported = await instance.provider.importKey(named, pkcs8)
    expect(imported.spki).toEqual(spki)
    const key = { ...named, sealedPrivateKey: imported.sealedPrivateKey }
    const [hash = null] = keyAlgorithms[algorithm].hashes
    const restarted = new SealedProvider({ keyring: await openKeyring(instance) })
    expect(accepts(spki, await restarted.sign(key, hash, linted(message)), message, hash)).toBe(true)
    expect(await restarted.searchByPublicKey(spki)).toEqual([named.keyId])
    expect(Buffer.from(imported.sealedPrivateKey).includes(pkcs8.subarray(-24))).toBe(false)
    await expect(instance.provider.importKey(named, pkcs8)).rejects.toMatchObject({ code: 'KeyExists' })
  })

  test('one of another kind, or what is no key, is refused and leaves nothing in the keyring', async () => {
    await using instance = await anInstance()
    const { pkcs8 } = await generateExportableKey('p256')
    const named = { keyId: randomUUID(), accountId: 'acct-1' }
    const refused = { code: 'KeyUnusable' }
    for (const algorithm of ['p384', 'rsa2048', 'ed25519'] as const)
      await expect(instance.provider.importKey({ ...named, algorithm }, pkcs8)).rejects.toMatchObject(refused)
    const half = instance.provider.importKey({ ...named, algorithm: 'p256' }, pkcs8.subarray(0, 40))
    await expect(half).rejects.toMatchObject(refused)
    expect(await instance.keyring.list()).toEqual([])
  })
})

describe('destroying a key (design: three acts, three verbs)', () => {
  test('it signs no more, in this provider and in a new one', async () => {
    await using instance = await anInstance()
    const { provider } = instance
    const { spki, key } = await aKey(provider)
    await provider.sign(key, 'sha256', linted(message))
    expect(await provider.searchById(key.keyId)).toBe('present')
    expect(await provider.searchByPublicKey(spki)).toEqual([key.keyId])

    expect(await provider.destroy(key.keyId)).toBe('destroyed')
    expect(await provider.destroy(key.keyId)).toBe('wasAbsent')
    expect(await provider.searchById(key.keyId)).toBe('absent')
    expect(await provider.searchByPublicKey(spki)).toEqual([])
    for (const each of [provider, new SealedProvider(instance)]) {
      await expect(each.sign(key, 'sha256', linted(message))).rejects.toMatchObject({ code: 'KeyNotFound' })
    }
  })

  test('a signature under way ends before it, or not at all', async () => {
    await using instance = await anInstance()
    const { provider } = instance
    const { key } = await aKey(provider)
    const long = Array.from({ length: 8 }, () => Buffer.alloc(1 << 20))
    const signing = provider.sign(key, 'sha256', linted(...long))
    const order: string[] = []
    const signed = signing.then(
      () => order.push('signed'),
      () => order.push('refused'),
    )
    const destroyed = provider.destroy(key.keyId).then(() => order.push('destroyed'))
    await Promise.all([signed, destroyed])
    expect(order).toEqual(['refused', 'destroyed'])
  })

  test('a look-up that fails is said to have failed', async () => {
    await using instance = await anInstance()
    const { provider } = instance
    const { spki, key } = await aKey(provider)
    await writeFile(join(instance.keyringFolder, 'control'), '')
    const failed = { name: 'KeyError', code: 'KeyLookupFailed' }
    await expect(provider.destroy(key.keyId)).rejects.toMatchObject(failed)
    await expect(provider.searchById(key.keyId)).rejects.toMatchObject(failed)
    await expect(provider.searchByPublicKey(spki)).rejects.toMatchObject(failed)
    await expect(new SealedProvider(instance).sign(key, 'sha256', linted(message))).rejects.toMatchObject(failed)
    expect(await readdir(instance.keyringFolder)).toContain(`${key.keyId}.key`)
  })

  test('a damaged neighbour makes the search by public key fail, not find nothing', async () => {
    await using instance = await anInstance()
    const [{ key }, { spki }] = [await aKey(instance.provider), await aKey(instance.provider)]
    await writeFile(join(instance.keyringFolder, `${key.keyId}.key`), 'noise')
    await expect(instance.provider.searchByPublicKey(spki)).rejects.toMatchObject({ code: 'KeyLookupFailed' })
  })
})

describe('forgetting', () => {
  test('a forgotten key is fetched again, so that a destruction elsewhere is noticed', async () => {
    await using instance = await anInstance()
    const { provider, keyring } = instance
    const { key } = await aKey(provider)
    await provider.sign(key, 'sha256', linted(message))
    await keyring.destroy(key.keyId)
    await provider.forget(key.keyId)
    await expect(provider.sign(key, 'sha256', linted(message))).rejects.toMatchObject({ code: 'KeyNotFound' })
  })

  test('a bounded number of keys is held', async () => {
    await using instance = await anInstance()
    const provider = new SealedProvider({ ...instance, cacheSize: 1 })
    const [first, second] = [await aKey(provider), await aKey(provider)]
    await provider.sign(first.key, 'sha256', linted(message))
    await provider.sign(second.key, 'sha256', linted(message))
    await instance.keyring.destroy(first.key.keyId)
    await instance.keyring.destroy(second.key.keyId)
    await expect(provider.sign(first.key, 'sha256', linted(message))).rejects.toMatchObject({ code: 'KeyNotFound' })
    expect(accepts(second.spki, await provider.sign(second.key, 'sha256', linted(message)))).toBe(true)
  })
})
