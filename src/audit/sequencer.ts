import { problem, type Clock, type Committer, type Write } from '../kernel/index.ts'
import { signCheckpoint, type NoteSigner } from './checkpoint.ts'
import { fieldsOf, leafOf, newEntrySalt } from './leaf.ts'
import { append, remembering, treeRoot } from './merkle.ts'
import type { AuditLogStore, Run, StoredEntry } from './store.ts'

/** The steps of numbering, for trying crashes. */
export const sequencerSteps = ['audit.read', 'audit.numbered'] as const

export interface SequencerNeeds {
  log: AuditLogStore
  committer: Committer
  signer: NoteSigner
  /** Dates checkpoints. */
  wallClock: Clock
  /** By which leases run: the same for all processes. */
  leaseClock: Clock
  /** Unique to this process. */
  owner: string
  step: (name: (typeof sequencerSteps)[number]) => void
}

/** In one commit: so few that others wait for milliseconds. */
const batchSize = 512
const leaseMs = 3_000

const overtaken = problem('ChangedMeanwhile')

/**
 * Numbers what was inserted without a number and adds it to the Merkle tree. One process does it at a time, by a lease that
 * is taken and prolonged in the very commit that numbers; that commit holds only if the log has the size that was read, so
 * that without any lease too no two number the same. A crash leaves a batch numbered, with its tiles and its checkpoint, or
 * not at all.
 */
export class Sequencer {
  private readonly needs: SequencerNeeds

  constructor(needs: SequencerNeeds) {
    this.needs = needs
  }

  /** Numbers everything that is there. @returns how many entries; 0 also while another process is at it */
  async run(): Promise<number> {
    for (let numbered = 0; ;) {
      const done = await this.batch()
      numbered += done
      if (done < batchSize) return numbered
    }
  }

  private async batch(): Promise<number> {
    const { log, committer, signer, wallClock, leaseClock, owner, step } = this.needs
    const pending = await log.unnumbered(batchSize)
    if (pending.length === 0) return 0
    const state = await log.state()
    const now = leaseClock.now()
    if (state.leaseOwner !== owner && state.leaseUntil > now) return 0
    const { leaves, salts } = leavesOf(log, pending)
    const to = state.size + leaves.length
    const tiles = await append(log.readTile, state.size, leaves)
    const root = await treeRoot(remembering(log.readTile, tiles), to)
    step('audit.read')
    const checkpoint = signCheckpoint(signer, { size: to, root, time: wallClock.now() })
    const advance = { from: state.size, to, checkpoint, owner, now, leaseUntil: now + leaseMs }
    try {
      await committer.commit([
        ...log.advance(advance, overtaken),
        ...salts,
        ...tiles.map((tile) => log.putTile(tile)),
        ...runsOf(pending, state.size).map((run) => log.number(run, overtaken)),
      ])
    } catch (error) {
      if (error === overtaken) return 0
      throw error
    }
    step('audit.numbered')
    return leaves.length
  }
}

function leavesOf(log: AuditLogStore, pending: readonly StoredEntry[]) {
  const salts: Write[] = []
  const leaves = pending.map(({ seq, texts, salt, erased }) => {
    // Entries of before this log was one have none.
    if (salt || erased) return leafOf(fieldsOf(texts, salt, erased))
    const fresh = newEntrySalt()
    salts.push(log.setSalt(seq, fresh, overtaken))
    return leafOf(fieldsOf(texts, fresh, undefined))
  })
  return { leaves, salts }
}

/** One run on SQLite, where no number is ever left out; a few on PostgreSQL, where what was rolled back leaves gaps. */
function runsOf(pending: readonly StoredEntry[], size: number): Run[] {
  const runs: Run[] = []
  for (const [at, { seq }] of pending.entries()) {
    const last = runs.at(-1)
    if (last && seq === last.toSeq + 1) last.toSeq = seq
    else runs.push({ fromSeq: seq, toSeq: seq, fromIndex: size + at })
  }
  return runs
}
