import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { DataReader } from './data-lines.ts'
import { parseMirrorLine } from './mirror-lines.ts'
import { parseOwner } from './mirror-place.ts'
import { BackupError, openStream, sealStream, type Lock, type Unlock } from './sealed-file.ts'

const { publicKey, privateKey } = generateKeyPairSync('x25519')
const passphrase = Buffer.from('correct horse battery staple')

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const each of all) yield await Promise.resolve(each)
}

const gathered = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = []
  for await (const each of stream) all.push(each)
  return Buffer.concat(all)
}

const sealed = (plain: Uint8Array, lock: Lock = { recipient: publicKey }) =>
  gathered(sealStream('data', lock, pieces(plain)))
const opened = (bytes: Uint8Array, unlock: Unlock = { privateKey }) =>
  gathered(openStream('data', unlock, pieces(bytes)))

const headerOf = (bytes: Buffer): number => bytes.indexOf(10) + 1
const chunk = 65_536 + 16

describe('a sealed file', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 200_000])('of %i bytes opens to what was sealed', async (length) => {
    const plain = randomBytes(length)
    expect(await opened(await sealed(plain))).toEqual(plain)
  })

  test('is opened by the passphrase it was sealed by, and by no other', async () => {
    const file = await sealed(Buffer.from('x'), { passphrase })
    expect(String(await opened(file, { passphrase }))).toBe('x')
    await expect(opened(file, { passphrase: Buffer.from('another passphrase') })).rejects.toThrow('does not open')
    await expect(opened(file)).rejects.toThrow('by a passphrase')
  })

  test('is opened by the private key of its recipient, and by no other', async () => {
    const file = await sealed(Buffer.from('x'))
    await expect(opened(file, generateKeyPairSync('x25519'))).rejects.toThrow('does not open')
    await expect(opened(file, { passphrase })).rejects.toThrow('to a public key')
  })

  test('is never taken for one of another kind', async () => {
    const file = await sealed(Buffer.from('x'))
    await expect(gathered(openStream('keyring', { privateKey }, pieces(file)))).rejects.toThrow('backup of the data')
  })

  test('cut at a chunk, with two chunks exchanged, or with one left out, does not open', async () => {
    const file = await sealed(randomBytes(200_000))
    const at = headerOf(file)
    const [head, first, second, rest] = [
      file.subarray(0, at),
      file.subarray(at, at + chunk),
      file.subarray(at + chunk, at + 2 * chunk),
      file.subarray(at + 2 * chunk),
    ]
    for (const wrong of [
      [head, first, second],
      [head, second, first, rest],
      [head, first, rest],
      [head, first, second, rest, first],
      [head],
    ])
      await expect(opened(Buffer.concat(wrong))).rejects.toBeInstanceOf(BackupError)
  })
})

/** Bytes as an attacker may hand them in: fixed seed, so that a failure comes again. */
function* mutations(original: Buffer, count: number): Generator<Buffer> {
  let state = 0x2545f491
  const next = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  for (let i = 0; i < count; i++) {
    const bytes = Buffer.from(original)
    for (let changes = 1 + next(3); changes > 0; changes--) bytes[next(bytes.length)] = next(256)
    yield next(4) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes
  }
}

const declared = (error: unknown): void => {
  if (!(error instanceof BackupError)) throw error
  refused++
}
let refused = 0

describe('whatever comes from outside is read or refused as a backup', () => {
  test('sealed files', async () => {
    const file = await sealed(Buffer.from('a small backup'))
    let unopened = 0
    for (const bytes of mutations(file, 10_000))
      await opened(bytes).catch((error: unknown) => (declared(error), unopened++))
    expect(unopened).toBeGreaterThan(9_000)
  })

  test('rows, entries of a mirror and marks of its owner', async () => {
    const header = {
      certkeep: 'data',
      version: 1,
      instanceId: 'i',
      lineage: 'l',
      takenAt: 1,
      domainTime: 1,
      migrations: ['m'],
    }
    const lines = [header, { table: 'meta', columns: ['key', 'value'] }, ['a', { b: 'eA==' }], { end: true, rows: 1 }]
    const text = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'))
    const entry = Buffer.from(
      '{"seq":1,"at":2,"account_id":"a","operation":"CreateCa","object_type":"ca","object_id":"c","outcome":"done","user_id":"u","user_name":"n","facts":"{}","hash":{"b":"eA=="}}',
    )
    const owner = Buffer.from(
      '{"instanceId":"i","lineage":"l","run":"r","at":1,"seq":2,"digest":"d","until":3,"stopped":false}',
    )
    for (const bytes of mutations(text, 10_000)) {
      const reader = new DataReader({ begin: () => Promise.resolve(), rows: () => Promise.resolve() })
      try {
        for (const line of bytes.toString().split('\n')) {
          let value: unknown
          try {
            value = JSON.parse(line)
          } catch {
            continue
          }
          await reader.take(value)
        }
        reader.finish()
      } catch (error) {
        declared(error)
      }
    }
    expect(refused).toBeGreaterThan(5_000)
    refused = 0
    for (const [original, read] of [
      [entry, parseMirrorLine],
      [owner, (line: string) => parseOwner(line, 'here')],
    ] as const)
      for (const bytes of mutations(original, 10_000))
        try {
          read(bytes.toString())
        } catch (error) {
          declared(error)
        }
    expect(refused).toBeGreaterThan(5_000)
  })
})
