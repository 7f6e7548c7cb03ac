import { createHash, hash as hashOnce } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { utf16 } from './content.ts'

/** u and v of RFC 7292 §B.2: octets of the output and of a block. */
const sizes = {
  sha1: { output: 20, block: 64 },
  sha256: { output: 32, block: 64 },
  sha384: { output: 48, block: 128 },
  sha512: { output: 64, block: 128 },
} as const

export type Pkcs12Hash = keyof typeof sizes

/** §B.3: what the octets are for. */
export const kdfPurpose = { key: 1, iv: 2, mac: 3 } as const

export interface Derivation {
  readonly hash: Pkcs12Hash
  readonly purpose: (typeof kdfPurpose)[keyof typeof kdfPurpose]
  readonly password: string
  readonly salt: Uint8Array
  /** At least 1; how many are granted is the caller's to say. */
  readonly iterations: number
  readonly octets: number
}

/** Rounds between two pauses: some 15 ms. */
const roundsAtOnce = 10_000

/** RFC 7292 §B.2, in one go. */
export function deriveNow(derivation: Derivation): Buffer {
  const steps = derive(derivation)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** The same, with pauses in which other work gets its turn. */
export async function deriveInTurns(derivation: Derivation): Promise<Buffer> {
  const steps = derive(derivation)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await setImmediate()
  }
}

function* derive({ hash, purpose, password, salt, iterations, octets }: Derivation): Generator<undefined, Buffer> {
  const { output, block } = sizes[hash]
  const diversifier = Buffer.alloc(block, purpose)
  const secret = utf16(`${password}\0`) // §B.1: in UTF-16 with a final NULL
  const input = Buffer.concat([blocksOf(salt, block), blocksOf(secret, block)])
  const result = Buffer.alloc(octets)
  try {
    for (let at = 0; at < octets; at += output) {
      let a = createHash(hash).update(diversifier).update(input).digest()
      for (let round = 1; round < iterations; round++) {
        a = hashOnce(hash, a, 'buffer')
        if (round % roundsAtOnce === 0) yield
      }
      a.copy(result, at)
      if (at + output < octets) addToEachBlock(input, Buffer.alloc(block, a), block)
    }
    return result
  } finally {
    secret.fill(0)
    input.fill(0)
  }
}

/** Steps 2 and 3: as often as it takes to fill whole blocks, the last one cut off. */
function blocksOf(bytes: Uint8Array, block: number): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(block * Math.ceil(bytes.length / block), bytes)
}

/** Step 6 C: I_j = (I_j + B + 1) mod 2^v for each block. */
function addToEachBlock(input: Buffer, b: Buffer, block: number): void {
  for (let start = 0; start < input.length; start += block) {
    let carry = 1
    for (let i = block - 1; i >= 0; i--) {
      carry += input[start + i]! + b[i]!
      input[start + i] = carry & 0xff
      carry >>= 8
    }
  }
}
