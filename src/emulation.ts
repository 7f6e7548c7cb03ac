import { readFile } from 'node:fs/promises'
import type { Thread } from './compose.ts'
import { metaKeys } from './data-folder.ts'
import {
  BadRequest,
  callsLeft,
  plant,
  setFault,
  type ClockChange,
  type Fault,
  type Seed,
  type SeedDeps,
  type SeedNeeds,
  type SetFault,
} from './emulator/index.ts'
import type { TrustedClock } from './end-of-life/index.ts'
import { newAccount, type FirstCredentials } from './iam/index.ts'
import type { JobRunner } from './jobs/index.ts'
import { nextSecretBytes, Runner, wallClock } from './kernel/index.ts'
import type { ProcessKeeper } from './processes/index.ts'
import { strictnessIn, type SharedMemory } from './shared-memory.ts'

export interface EmulationParts {
  main: Thread
  memory: SharedMemory
  firstCredentialsPath: string
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
    trustedClock.wasSet()
    await jobs.runDue()
    await jobs.runDue() // the first may have been a run that began before the clock was moved
  }

  async function createAccount(name: string) {
    const password = nextSecretBytes(18).toString('base64url')
    const { credentials, writes } = await newAccount(main.deps, { accountName: name, userName: 'admin', password })
    await committer.commit(writes)
    return credentials
  }

  const turns = new Map<number, number>()
  let lastSeed: Promise<unknown> = Promise.resolve()

  async function plantSeed(seed: Seed) {
    const turn = turns.get(seed.number) ?? 0
    turns.set(seed.number, turn + 1)
    const before = domainClock.state()
    try {
      const planted = await plant(seed, turn, {
        now: () => domainClock.now(),
        moveClock: (to) => putClock({ value: to, frozen: true }),
        firstAccount: async () => JSON.parse(await readFile(parts.firstCredentialsPath, 'utf8')) as FirstCredentials,
        createAccount,
        callAs: (credentials) => callerOf(credentials),
      })
      return { planted }
    } catch (error) {
      if (error instanceof BadRequest) return { refused: error.message }
      throw error
    } finally {
      await putClock(before)
    }
  }

  /** Seeds are no traffic: nothing limits them. */
  const unlimited = new Runner<SeedDeps>({
    deps: main.deps,
    limiter: { take: () => 0 },
    authorizer: main.principals,
    gate: main.gate,
    trail: main.trail,
    committer,
    counters: { throttled: () => undefined },
  })
  const callerOf =
    ({ accessKeyId }: FirstCredentials): ReturnType<SeedNeeds<SeedDeps>['callAs']> =>
    async (operation, input) => {
      const reread = async () => (await main.principals.byAccessKey(accessKeyId))?.principal
      const principal = await reread()
      if (!principal) throw new BadRequest('the access key of the first credentials is gone')
      const origin = { sourceIp: '127.0.0.1', secureTransport: false, door: 'emulator', requestId: '' }
      const caller = main.principals.callerOf(principal, reread, { ...origin, accessKeyId })
      return unlimited.run(operation, caller, () => input)
    }

  return {
    setClock,
    createAccount,
    /** One at a time: each moves the clock. */
    seed: (seed: Seed) => (lastSeed = lastSeed.catch(() => undefined).then(() => plantSeed(seed))),
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
