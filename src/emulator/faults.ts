import { setTimeout as sleep } from 'node:timers/promises'

/** A door as the faults see it: how it names a request's operation, and how it words a refusal. */
export interface FaultyDoor<Request, Answer> {
  door: string
  operations: ReadonlySet<string>
  operationOf(request: Request): string | undefined
  refuse(
    request: Request,
    refusal: { status: number; code: string; message: string } | { throttled: { retryAfterMs: number } },
  ): Answer
}

/** What goes wrong with calls, by order of a test: a delay, and then perhaps no proper answer. */
export interface Fault {
  /** Absent: any that knows the operation. */
  door?: string | undefined
  /** Under the door's name for it; absent: any. */
  operation?: string | undefined
  /** Matching calls that pass before. */
  skip: number
  /** Calls that it meets. */
  times: number
  delayMs: number
  /** The call is done all the same, and only its answer is another: what a client sees when the answer is lost. */
  done: boolean
  /** Absent: the call's own answer, after the delay. */
  instead?: FaultyAnswer | undefined
}

export type FaultyAnswer =
  | { kind: 'refusal'; status: number; code: string; message: string }
  | { kind: 'throttle'; retryAfterMs: number }
  | { kind: 'drop' }

/** A fault that all threads count together. */
export interface SetFault extends Fault {
  id: number
  /** Two cells: calls still to pass, calls still to meet. */
  counts: SharedArrayBuffer
}

export function setFault(id: number, fault: Fault): SetFault {
  const counts = new SharedArrayBuffer(8)
  new Int32Array(counts).set([fault.skip, fault.times])
  return { ...fault, id, counts }
}

export const callsLeft = ({ counts }: SetFault): number => Math.max(0, Atomics.load(new Int32Array(counts), 1))

/** Counts one matching call. @returns whether the fault meets it */
function meets({ counts }: SetFault): boolean {
  const cells = new Int32Array(counts)
  return takeOne(cells, 0) ? false : takeOne(cells, 1)
}

function takeOne(cells: Int32Array, at: number): boolean {
  for (;;) {
    const value = Atomics.load(cells, at)
    if (value <= 0) return false
    if (Atomics.compareExchange(cells, at, value, value - 1) === value) return true
  }
}

/** The faults of one thread; what it is given replaces what it had. */
export class Faults {
  private current: readonly SetFault[] = []

  use(faults: readonly SetFault[]): void {
    this.current = faults
  }

  /** The door with the faults before it. */
  before<Request, Answer extends object>(
    dialect: FaultyDoor<Request, Answer>,
    door: (request: Request) => Promise<Answer>,
  ): (request: Request) => Promise<Answer & { hangUp?: boolean }> {
    return async (request) => {
      const fault = this.current.length === 0 ? undefined : this.metBy(dialect, request)
      if (!fault) return door(request)
      if (fault.delayMs > 0) await sleep(fault.delayMs)
      const { instead } = fault
      if (!instead) return door(request)
      if (fault.done) await door(request)
      const refused = dialect.refuse(
        request,
        instead.kind === 'refusal'
          ? instead
          : { throttled: { retryAfterMs: instead.kind === 'throttle' ? instead.retryAfterMs : 0 } },
      )
      return instead.kind === 'drop' ? { ...refused, hangUp: true } : refused
    }
  }

  /** Of several, the one that was set first. */
  private metBy<Request, Answer>(dialect: FaultyDoor<Request, Answer>, request: Request): SetFault | undefined {
    const operation = dialect.operationOf(request)
    return this.current.find(
      (fault) =>
        (fault.door === undefined || fault.door === dialect.door) &&
        (fault.operation === undefined || fault.operation === operation) &&
        meets(fault),
    )
  }
}
