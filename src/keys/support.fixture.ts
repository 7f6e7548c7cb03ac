import fc from 'fast-check'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeyring, createMasterKey, Sealer, SealedProvider, type Keyring, type Linted } from './index.ts'

/** A folder that is removed at the end of the scope. */
export async function aFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'certkeep-keys-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A data folder with a master key and a keyring. */
export async function anInstance(): Promise<Instance & AsyncDisposable> {
  const folder = await aFolder()
  const sealer = new Sealer({ current: await createMasterKey({ dataFolder: folder.path }) })
  const keyring = await createKeyring({ dataFolder: folder.path, sealer })
  return {
    dataFolder: folder.path,
    keyringFolder: join(folder.path, 'keyring'),
    sealer,
    keyring,
    provider: new SealedProvider({ keyring }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

export interface Instance {
  readonly dataFolder: string
  readonly keyringFolder: string
  readonly sealer: Sealer
  readonly keyring: Keyring
  readonly provider: SealedProvider
}

export const anSpkiSha256 = 'ab'.repeat(32)

export function aDataKey(): { keyId: string; accountId: string; spkiSha256: string } {
  return { keyId: randomUUID(), accountId: 'acct-1', spkiSha256: anSpkiSha256 }
}

/** Stands in for what the lint hands out. */
export function linted(...chunks: Uint8Array[]): Linted {
  return { kind: 'test', consume: () => chunks }
}

/** 10^4 variations of `original`: bytes changed, removed, inserted, the end cut off. */
export function forMutationsOf(original: Uint8Array, check: (mutated: Buffer) => void): void {
  const change = fc.record({
    kind: fc.constantFrom('replace', 'remove', 'insert', 'cut', 'flip'),
    at: fc.nat(Math.max(0, original.byteLength - 1)),
    byte: fc.nat(255),
  })
  const changes = fc.array(change, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(changes, (list) => {
      const bytes = [...original]
      for (const { kind, at, byte } of list) {
        if (kind === 'replace') bytes[at] = byte
        else if (kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << (byte % 8))
        else if (kind === 'remove') bytes.splice(at, 1)
        else if (kind === 'insert') bytes.splice(at, 0, byte)
        else bytes.length = Math.min(at, bytes.length)
      }
      check(Buffer.from(bytes))
    }),
    { numRuns: 10_000, seed: 20_261_121 },
  )
}
