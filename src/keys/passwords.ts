import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { Gate } from './gate.ts'

/** The cost of argon2id (RFC 9106): memory in KiB, passes, lanes. */
export interface PasswordCost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** A password cannot be hashed, or a stored hash cannot be read. Never holds either. */
export class PasswordError extends Error {
  override readonly name = 'PasswordError'
}

/** Too many passwords are being checked already; nothing was decided, and the caller may come again later. */
export class PasswordsBusy extends Error {
  override readonly name = 'PasswordsBusy'
  constructor() {
    super('Too many passwords are being checked; try again later.')
  }
}

export const minPasswordCharacters = 8
export const maxPasswordBytes = 512

const defaultCost: PasswordCost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const hashBytes = 32
const maxEncodedLength = 256
const encodedFormat =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d?),p=([1-9])\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/
/** In KiB. Beyond these a stored row could make one login take the memory, or the time, of all. */
const maxMemory = 1 << 18
const maxMemoryTimesPasses = 1 << 21

const derive = promisify(argon2)

interface StoredPassword {
  readonly cost: PasswordCost
  readonly salt: Buffer
  readonly hash: Buffer
}

/**
 * Hashes and checks passwords with argon2id. Each takes tens of milliseconds and `memory` KiB, so a few run at once and a
 * bounded number waits.
 *
 * Stored form: `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`, base64 without padding. The cost is in it, so it
 * can be raised, or the implementation exchanged, without losing what is stored.
 */
export class Passwords {
  readonly #cost: PasswordCost
  readonly #gate: Gate
  readonly #nobody: StoredPassword

  constructor({ cost = defaultCost, running = 2, waiting = 64 }: PasswordsOptions = {}) {
    this.#cost = cost
    this.#gate = new Gate({ running, waiting, busy: () => new PasswordsBusy() })
    this.#nobody = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) }
  }

  /**
   * The stored form of a new password, normalised (NFKC, NIST SP 800-63B §5.1.1.2) so that it does not depend on the
   * keyboard it was typed on.
   *
   * @throws PasswordError when it has fewer than 8 characters or more than 512 bytes of UTF-8
   * @throws PasswordsBusy when the queue is full
   */
  async hash(password: string): Promise<string> {
    const message = normalised(password)
    if (!message) throw new PasswordError(`A password has at most ${maxPasswordBytes} bytes.`)
    try {
      if (characters(message) < minPasswordCharacters) {
        throw new PasswordError(`A password has at least ${minPasswordCharacters} characters.`)
      }
      const salt = randomBytes(saltBytes)
      const hash = await this.#derive(message, salt, hashBytes, this.#cost)
      return encode({ cost: this.#cost, salt, hash })
    } finally {
      message.fill(0)
    }
  }

  /**
   * Whether `password` is the one that `encoded` was made from. For a user who does not exist pass undefined: it costs the
   * same and is false, so that the time taken does not tell who exists.
   *
   * @throws PasswordError when `encoded` is malformed
   * @throws PasswordsBusy when the queue is full
   */
  async verify(password: string, encoded: string | undefined): Promise<boolean> {
    const message = normalised(password)
    if (!message) return false
    try {
      const stored = encoded === undefined ? this.#nobody : parsePasswordHash(encoded)
      const hash = await this.#derive(message, stored.salt, stored.hash.length, stored.cost)
      return timingSafeEqual(hash, stored.hash) && stored !== this.#nobody
    } finally {
      message.fill(0)
    }
  }

  /**
   * Whether `encoded` was made at another cost than new ones are: then hash again at the next successful login.
   *
   * @throws PasswordError when `encoded` is malformed
   */
  isOutdated(encoded: string): boolean {
    const { cost, hash } = parsePasswordHash(encoded)
    const { memory, passes, parallelism } = this.#cost
    return (
      cost.memory !== memory || cost.passes !== passes || cost.parallelism !== parallelism || hash.length !== hashBytes
    )
  }

  #derive(message: Buffer, nonce: Buffer, tagLength: number, cost: PasswordCost): Promise<Buffer> {
    return this.#gate.run(() => derive('argon2id', { message, nonce, tagLength, ...cost }))
  }
}

export interface PasswordsOptions {
  readonly cost?: PasswordCost
  /** How many are computed at once. */
  readonly running?: number
  /** How many wait behind them before PasswordsBusy. */
  readonly waiting?: number
}

/**
 * Reads a stored password hash.
 *
 * @throws PasswordError when it is not in the stored form, or asks for more than 256 MiB, or 2 GiB over all passes
 */
export function parsePasswordHash(encoded: string): StoredPassword {
  const match = encoded.length <= maxEncodedLength ? encodedFormat.exec(encoded) : null
  if (!match) throw new PasswordError('A stored password hash is malformed.')
  const [, memory, passes, parallelism, salt = '', hash = ''] = match
  const stored = {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
  // RFC 9106 §3.1: at least 8 KiB of memory for each lane. Encoding again finds bits that no byte has.
  const { memory: kib, passes: times, parallelism: lanes } = stored.cost
  if (kib > maxMemory || kib * times > maxMemoryTimesPasses || kib < 8 * lanes || encode(stored) !== encoded) {
    throw new PasswordError('A stored password hash is malformed.')
  }
  return stored
}

function encode({ cost, salt, hash }: StoredPassword): string {
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(salt)}$${base64(hash)}`
}

/** Undefined when it is too long: before normalising, which may make it longer, and after. */
function normalised(password: string): Buffer | undefined {
  if (password.length > maxPasswordBytes) return undefined
  const bytes = Buffer.from(password.normalize('NFKC'), 'utf8')
  return bytes.length <= maxPasswordBytes ? bytes : undefined
}

/** In UTF-8 every character begins with a byte that is no continuation byte (10xxxxxx). */
function characters(utf8: Uint8Array): number {
  return utf8.reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0)
}
