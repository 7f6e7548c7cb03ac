import { createHash, randomFillSync } from 'node:crypto'
import { addressText, hour, minute, parseAddress, type Clock } from '../kernel/index.ts'

/**
 * The brake on guessing, shared by all threads of the process. Wrong guesses are counted for a pair of a name (a user of
 * an account, or an access key) and a source network, and for a network alone; after some free ones each further one
 * closes the pair, or the network, for twice as long as the one before. A right guess forgets the pair. Nothing is ever
 * closed for a name alone, so nobody can lock an owner out from another network.
 *
 * A slot is [lock, tag, wrong guesses, newest of them, closed until], instants in ms of the wall clock. Tags are salted
 * hashes: whoever chooses names cannot choose slots. When all slots that a pair may have are taken, the one that was
 * wrong longest ago gives way.
 */
const saltBytes = 32
/** Whether anything was ever wrong: until then a right signature costs nothing here. */
const flagBytes = 8
const slotCells = 5
const maxProbes = 16
const [lockCell, tagCell, wrongCell, newestCell, untilCell] = [0, 1, 2, 3, 4]

/** 32,768 pairs at once, 1.3 MB of which only used pages are touched. */
export function brakeMemory(slots = 32_768): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(saltBytes + flagBytes + slots * slotCells * 8)
  randomFillSync(new Uint8Array(memory, 0, saltBytes))
  return memory
}

interface Limit {
  /** So many wrong guesses close nothing. */
  free: number
  maxMs: number
}

const limits = {
  password: { free: 5, maxMs: 15 * minute },
  passwordNetwork: { free: 50, maxMs: 15 * minute },
  accessKey: { free: 20, maxMs: minute },
} as const satisfies Record<string, Limit>

/** Wrong guesses of so long ago are forgotten. */
const memoryMs = hour
const firstMs = 1_000

export class GuessBrake {
  private readonly salt: Uint8Array
  private readonly everWrong: Int32Array
  private readonly cells: BigInt64Array
  private readonly slots: number
  private readonly clock: Clock

  constructor(memory: SharedArrayBuffer, clock: Clock) {
    this.salt = new Uint8Array(memory, 0, saltBytes).slice()
    this.everWrong = new Int32Array(memory, saltBytes, 1)
    this.cells = new BigInt64Array(memory, saltBytes + flagBytes)
    this.slots = this.cells.length / slotCells
    this.clock = clock
  }

  /** Before a password is weighed. @returns the milliseconds to wait; 0: it may be weighed */
  passwordWait(user: string, sourceIp: string): number {
    const network = networkOf(sourceIp)
    return Math.max(this.closedFor(`password ${network} ${user}`), this.closedFor(`password ${network}`))
  }

  /**
   * After it was weighed. @returns the milliseconds to wait when the brake closed meanwhile: then nothing may be told of
   * the result, so that a burst of guesses at once learns no more than one after the other would; 0: it may be told
   */
  passwordWeighed(user: string, sourceIp: string, right: boolean): number {
    const network = networkOf(sourceIp)
    const wait = this.passwordWait(user, sourceIp)
    if (wait > 0) return wait
    const pair = `password ${network} ${user}`
    if (right) {
      this.forget(pair)
      return 0
    }
    return Math.max(this.wrong(pair, limits.password), this.wrong(`password ${network}`, limits.passwordNetwork))
  }

  /**
   * A signature did not hold. Right signatures always pass: a secret of 238 random bits is not found by guessing, and
   * so nobody behind the same address can be locked out. @returns the milliseconds for which this is to be told as too many guesses
   */
  signatureWrong(accessKeyId: string, sourceIp: string): number {
    return this.wrong(`key ${networkOf(sourceIp)} ${accessKeyId}`, limits.accessKey)
  }

  signatureRight(accessKeyId: string, sourceIp: string): void {
    if (this.nothingWrong()) return
    this.forget(`key ${networkOf(sourceIp)} ${accessKeyId}`)
  }

  private nothingWrong(): boolean {
    return Atomics.load(this.everWrong, 0) === 0
  }

  private closedFor(name: string): number {
    if (this.nothingWrong()) return 0
    const slot = this.find(this.tagOf(name))
    if (slot === undefined) return 0
    const now = this.clock.now()
    const wait = Number(Atomics.load(this.cells, slot + untilCell)) - now
    // A clock that was set back must not close for longer than the brake ever does.
    return wait > 0 && wait <= limits.password.maxMs ? wait : 0
  }

  /** Counts a wrong guess. @returns for how long the name had been closed already; then nothing is counted */
  private wrong(name: string, { free, maxMs }: Limit): number {
    Atomics.store(this.everWrong, 0, 1)
    const tag = this.tagOf(name)
    const slot = this.lockedSlotFor(tag)
    try {
      const now = this.clock.now()
      const wait = Number(this.cells[slot + untilCell]) - now
      if (wait > 0 && wait <= maxMs) return wait
      const fresh = now - Number(this.cells[slot + newestCell]) > memoryMs
      const wrong = fresh ? 1 : Number(this.cells[slot + wrongCell]) + 1
      this.cells[slot + wrongCell] = BigInt(wrong)
      Atomics.store(this.cells, slot + newestCell, BigInt(now))
      const closed = wrong < free ? 0 : Math.min(maxMs, firstMs * 2 ** Math.min(wrong - free, 20))
      Atomics.store(this.cells, slot + untilCell, BigInt(now + closed))
      return 0
    } finally {
      this.unlock(slot)
    }
  }

  private forget(name: string): void {
    if (this.nothingWrong()) return
    const tag = this.tagOf(name)
    const slot = this.find(tag)
    if (slot === undefined) return
    this.lock(slot)
    if (this.cells[slot + tagCell] === tag) this.cells.fill(0n, slot + tagCell, slot + slotCells)
    this.unlock(slot)
  }

  private find(tag: bigint): number | undefined {
    for (let probe = 0; probe < maxProbes; probe++) {
      const slot = this.slotAt(tag, probe)
      if (Atomics.load(this.cells, slot + tagCell) === tag) return slot
    }
    return undefined
  }

  /** The name's slot, or the one that was wrong longest ago made its own; locked. */
  private lockedSlotFor(tag: bigint): number {
    for (;;) {
      let slot = this.find(tag)
      slot ??= this.oldest(tag)
      const was = Atomics.load(this.cells, slot + tagCell)
      this.lock(slot)
      if (this.cells[slot + tagCell] === tag) return slot
      if (this.cells[slot + tagCell] === was) {
        this.cells.fill(0n, slot + tagCell, slot + slotCells)
        Atomics.store(this.cells, slot + tagCell, tag)
        return slot
      }
      this.unlock(slot)
    }
  }

  private oldest(tag: bigint): number {
    let oldest = this.slotAt(tag, 0)
    for (let probe = 1; probe < maxProbes; probe++) {
      const slot = this.slotAt(tag, probe)
      if (Atomics.load(this.cells, slot + newestCell) < Atomics.load(this.cells, oldest + newestCell)) oldest = slot
    }
    return oldest
  }

  private slotAt(tag: bigint, probe: number): number {
    return ((Number(BigInt.asUintN(32, tag >> 8n)) + probe) % this.slots) * slotCells
  }

  private lock(slot: number): void {
    while (Atomics.compareExchange(this.cells, slot + lockCell, 0n, 1n) !== 0n);
  }

  private unlock(slot: number): void {
    Atomics.store(this.cells, slot + lockCell, 0n)
  }

  /** Never 0: that is an empty slot. */
  private tagOf(name: string): bigint {
    return createHash('sha256').update(this.salt).update(name).digest().readBigInt64BE() | 1n
  }
}

/** The /24 of an IPv4 address and the /56 of an IPv6 one, which one owner is given at once; on loopback the address itself. */
export function networkOf(sourceIp: string): string {
  const address = parseAddress(sourceIp)
  if (!address) return 'unknown'
  const { bits, value } = address
  if (bits === 32)
    return value >> 24n === 127n ? addressText(address) : addressText({ ...address, value: value & ~0xffn })
  return value === 1n ? addressText(address) : addressText({ ...address, value: (value >> 72n) << 72n })
}
