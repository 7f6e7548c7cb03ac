/** A signed answer as it is kept. Times on the domain clock. */
export interface KeptAnswer {
  /** Everything before the responder's certificate, which is the same for all of its answers. */
  head: Uint8Array
  /** 32 hexadecimal digits. */
  etag: string
  thisUpdate: number
  nextUpdate: number
  /** From then on it is signed anew. */
  freshUntil: number
  /** Of the CA's revocations, as they were when the status was looked up: see `RevocationMarks`. */
  mark: number
  revoked: boolean
}

const slotBytes = 448
const etagBytes = 32
const slotsInBlock = 4_096
const defaultSlots = 131_072

/**
 * Signed answers in the memory of one thread: at most 131,072 (56 MiB, taken in blocks as they fill), the oldest making
 * room. Outside of the heap: so many small objects would keep the collector busy.
 */
export class OcspAnswers {
  private readonly slots: number
  private readonly slotOf = new Map<string, number>()
  private readonly names: string[] = []
  private readonly blocks: Buffer[] = []
  private readonly lengths: Uint16Array
  private readonly marks: Int32Array
  private readonly revoked: Uint8Array
  private readonly times: Float64Array
  private next = 0

  constructor(slots = defaultSlots) {
    this.slots = slots
    this.lengths = new Uint16Array(slots)
    this.marks = new Int32Array(slots)
    this.revoked = new Uint8Array(slots)
    this.times = new Float64Array(slots * 3)
  }

  /** The head is the cache's own memory: to be copied before anything else is put in. */
  get(name: string): KeptAnswer | undefined {
    const slot = this.slotOf.get(name)
    if (slot === undefined) return undefined
    const { block, at } = this.placeOf(slot)
    return {
      head: block.subarray(at + etagBytes, at + etagBytes + this.lengths[slot]!),
      etag: block.toString('latin1', at, at + etagBytes),
      thisUpdate: this.times[slot * 3]!,
      nextUpdate: this.times[slot * 3 + 1]!,
      freshUntil: this.times[slot * 3 + 2]!,
      mark: this.marks[slot]!,
      revoked: this.revoked[slot] === 1,
    }
  }

  /** What does not fit a slot (a very long serial) is not kept. */
  put(name: string, answer: KeptAnswer): void {
    if (answer.head.length > slotBytes - etagBytes) return
    const slot = this.slotOf.get(name) ?? this.free(name)
    const { block, at } = this.placeOf(slot)
    block.write(answer.etag, at, etagBytes, 'latin1')
    block.set(answer.head, at + etagBytes)
    this.lengths[slot] = answer.head.length
    this.times[slot * 3] = answer.thisUpdate
    this.times[slot * 3 + 1] = answer.nextUpdate
    this.times[slot * 3 + 2] = answer.freshUntil
    this.marks[slot] = answer.mark
    this.revoked[slot] = answer.revoked ? 1 : 0
  }

  /** The status was looked up again and is what it was. */
  confirm(name: string, mark: number): void {
    const slot = this.slotOf.get(name)
    if (slot !== undefined) this.marks[slot] = mark
  }

  private free(name: string): number {
    const slot = this.next
    this.next = (slot + 1) % this.slots
    const before = this.names[slot]
    if (before !== undefined) this.slotOf.delete(before)
    this.names[slot] = name
    this.slotOf.set(name, slot)
    return slot
  }

  private placeOf(slot: number): { block: Buffer; at: number } {
    const number = Math.floor(slot / slotsInBlock)
    const block = (this.blocks[number] ??= Buffer.allocUnsafeSlow(slotsInBlock * slotBytes))
    return { block, at: (slot % slotsInBlock) * slotBytes }
  }
}
