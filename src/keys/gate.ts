/**
 * Lets a few pieces of expensive work run at once, lets a bounded number wait in order of arrival, and refuses the rest
 * at once. Work that would only time out in a long queue is better refused while its caller can still be told.
 */
export class Gate {
  readonly #running: number
  readonly #waiting: number
  readonly #busy: () => Error
  readonly #queue: (() => void)[] = []
  #active = 0

  /** At most `running` pieces of work at once and `waiting` behind them; beyond that `run` rejects with `busy()`. */
  constructor({ running, waiting, busy }: { running: number; waiting: number; busy: () => Error }) {
    this.#running = running
    this.#waiting = waiting
    this.#busy = busy
  }

  /** Runs `work` when its turn comes. Rejects with what `work` rejects with, or with the gate's own refusal. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active >= this.#running) {
      if (this.#queue.length >= this.#waiting) throw this.#busy()
      // The one that ends hands its place over, so that nobody who comes later can slip in between.
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    } else {
      this.#active += 1
    }
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next) next()
      else this.#active -= 1
    }
  }
}
