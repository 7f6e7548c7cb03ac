import type { Thread } from './compose.ts'
import { metaKeys } from './data-folder.ts'
import { callsLeft, setFault, type ClockChange, type Fault, type SetFault } from './emulator/index.ts'
import type { TrustedClock } from './end-of-life/index.ts'
import { newAccount } from './iam/index.ts'
import type { JobRunner } from './jobs/index.ts'
import { wallClock } from './kernel/index.ts'
import type { ProcessKeeper } from './processes/index.ts'
import { strictnessIn, type SharedMemory } from './shared-memory.ts'

export interface EmulationParts {
  main: Thread
  memory: SharedMemory
  /** As the start was told. */
  strict: boolean
  jobs: JobRunner
  trustedClock: TrustedClock
  keeper: ProcessKeeper | undefined
  /** Hands the faults to all HTTP threads. */
  spreadFaults: (faults: readonly SetFault[]) => Promise<void>
}

/** What the emulator's door asks of the main thread; without `--emulate` nobody serves it. */
export function emulationCalls(parts: EmulationParts) {
  const { main, memory, jobs, trustedClock, keeper, spreadFaults } = parts
  const { domainClock, committer } = main.deps
  const strictness = strictnessIn(memory)
  strictness.set(parts.strict)
  let faults: readonly SetFault[] = []
  let lastFault = 0
  const useFaults = (next: readonly SetFault[]) => spreadFaults((faults = next))
  const living = () => faults.filter((fault) => callsLeft(fault) > 0)

  async function setClock({ advanceMs, setTo, frozen }: ClockChange) {
    const now = setTo ?? domainClock.now() + (advanceMs ?? 0)
    const stands = frozen ?? domainClock.frozen()
    await putClock({ value: stands ? now : now - wallClock.now(), frozen: stands })
    return { now: domainClock.now(), frozen: domainClock.frozen() }
  }

  /** Resolves when everything that is due by then has been done. */
  async function putClock(state: { value: number; frozen: boolean }): Promise<void> {
    await committer.commit([main.meta.write(metaKeys.emulatorClock, JSON.stringify(state))])
    domainClock.restore(state)
    keeper?.clockWasSet()
    trustedClock.explain()
    await jobs.runDue()
    await jobs.runDue() // the first may have been a run that began before the clock was moved
  }

  return {
    setClock,
    async createAccount(name: string) {
      const { credentials, writes } = await newAccount(main.deps, {
        accountName: name,
        userName: 'admin',
        password: Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString('base64url'),
      })
      await committer.commit(writes)
      return credentials
    },
    faults: () => living(),
    async addFault(order: Fault) {
      const fault = setFault(++lastFault, order)
      await useFaults([...living(), fault])
      return fault
    },
    clearFaults: () => useFaults([]),
    async reset() {
      strictness.set(parts.strict)
      await useFaults([])
      await putClock({ value: 0, frozen: false })
    },
  }
}
