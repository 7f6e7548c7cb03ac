/** Upper ends of the classes by how many sets shared a commit; the writer takes 128, and what one message more holds. */
const classes = [
  { sets: '1', upTo: 1 },
  { sets: '2-8', upTo: 8 },
  { sets: '9-32', upTo: 32 },
  { sets: '33-128', upTo: 128 },
  { sets: '129-', upTo: Number.POSITIVE_INFINITY },
] as const

const setsCell = classes.length
const microsecondsCell = setsCell + 1

/** What the writer thread counts and the main thread reads, in memory that both see. */
export class CommitCounters {
  private readonly cells: BigInt64Array

  constructor(memory: SharedArrayBuffer = CommitCounters.memory()) {
    this.cells = new BigInt64Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer((classes.length + 2) * 8)
  }

  count(sets: number, ms: number): void {
    const at = classes.findIndex(({ upTo }) => sets <= upTo)
    Atomics.add(this.cells, at, 1n)
    Atomics.add(this.cells, setsCell, BigInt(sets))
    Atomics.add(this.cells, microsecondsCell, BigInt(Math.round(ms * 1_000)))
  }

  read(): { batches: { sets: string; count: number }[]; sets: number; seconds: number } {
    const cell = (at: number): number => Number(Atomics.load(this.cells, at))
    return {
      batches: classes.map(({ sets }, at) => ({ sets, count: cell(at) })),
      sets: cell(setsCell),
      seconds: cell(microsecondsCell) / 1e6,
    }
  }
}
