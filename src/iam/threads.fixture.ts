/** Threads that use the same shared memory at the same time. This file is also the program of such a thread. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Clock } from '../kernel/index.ts'
import { SharedNonces } from './nonces.ts'
import { SharedRateLimiter } from './rate-limit.ts'

/** Calls the limiter again and again. Answers the instants at which calls passed, in ms, by pair. */
interface Take {
  do: 'take'
  users: string[]
  perSecond: number
  calls: number
}

/** Remembers the nonces of these numbers. Answers the numbers of those that were fresh. */
interface Remember {
  do: 'remember'
  numbers: number[]
  timestampMs: number
}

interface Shared {
  memory: SharedArrayBuffer
  /** The instant at the beginning, in ms. */
  now: number
  /** How far each look at the clock moves it on, for all threads. */
  tickMs: number
}

interface ThreadData {
  sharedMemoryTask: Take | Remember
  memory: SharedArrayBuffer
  time: BigInt64Array
  tickMs: number
  gate: Int32Array
}

/** Runs the task in so many threads, which begin at the same moment. */
export async function inThreads<Answer>(
  count: number,
  task: Take | Remember,
  { memory, now, tickMs }: Shared,
): Promise<Answer[]> {
  const time = new BigInt64Array(new SharedArrayBuffer(8))
  time[0] = BigInt(now)
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const data: ThreadData = { sharedMemoryTask: task, memory, time, tickMs, gate }
  const threads = Array.from({ length: count }, () => new Worker(new URL(import.meta.url), { workerData: data }))
  await Promise.all(threads.map((thread) => once(thread, 'message')))
  const answers = threads.map(async (thread) => ((await once(thread, 'message')) as [Answer])[0])
  const ended = threads.map((thread) => once(thread, 'exit'))
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  const all = await Promise.all(answers)
  await Promise.all(ended)
  return all
}

/** 32 bytes that stand for a nonce, and 16 bits that stand for its access key. */
export function aNonce(number: number): { hash: Uint8Array; keyHash: number } {
  return { hash: createHash('sha256').update(`nonce ${number}`).digest(), keyHash: number & 0xffff }
}

class TickingClock implements Clock {
  private readonly time: BigInt64Array
  private readonly tick: bigint
  last = 0

  constructor(time: BigInt64Array, tickMs: number) {
    this.time = time
    this.tick = BigInt(tickMs)
  }

  now(): number {
    this.last = Number(Atomics.add(this.time, 0, this.tick))
    return this.last
  }
}

function take({ users, perSecond, calls }: Take, limiter: SharedRateLimiter, clock: TickingClock) {
  const passed: Record<string, number[]> = {}
  for (let call = 0; call < calls; call++)
    for (const user of users) if (limiter.take(user, 'DoIt', perSecond) === 0) (passed[user] ??= []).push(clock.last)
  return passed
}

function remember({ numbers, timestampMs }: Remember, nonces: SharedNonces) {
  return numbers.filter((number) => {
    const { hash, keyHash } = aNonce(number)
    return nonces.remember(hash, keyHash, timestampMs) === 'fresh'
  })
}

if (!isMainThread && (workerData as Partial<ThreadData> | null)?.sharedMemoryTask) {
  const { sharedMemoryTask: task, memory, time, tickMs, gate } = workerData as ThreadData
  const clock = new TickingClock(time, tickMs)
  parentPort!.postMessage('ready')
  Atomics.wait(gate, 0, 0)
  const answer =
    task.do === 'take'
      ? take(task, new SharedRateLimiter(memory, clock), clock)
      : remember(task, new SharedNonces(memory, clock))
  parentPort!.postMessage(answer)
}
