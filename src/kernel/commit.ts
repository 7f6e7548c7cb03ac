import type { Problem } from './problem.ts'

/** What a database column can hold on both engines. Times are integer milliseconds, flags 0 or 1, JSON is text. */
export type SqlValue = string | number | null | Uint8Array

/** One compiled statement with its values in order. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
}

/**
 * One write as data (design 7). It holds when exactly `rows` rows were touched (for a guard: found); `'any'` holds always.
 * Otherwise the whole set it belongs to is undone and `otherwise` is what the caller hears.
 */
export interface Write {
  readonly statement: Statement
  readonly rows: number | 'any'
  readonly otherwise: Problem | undefined
  /** True for a SELECT that must find so many rows: a condition checked in the same transaction as the act. */
  readonly guard: boolean
}

/** The only engine-specific piece of a write. */
export interface Committer {
  /**
   * Makes all writes of the set durable, or none. Returns after they are on disk.
   * Throws the `otherwise` of the first write that did not hold. Sets of several callers may share one transaction;
   * one that fails leaves the others. Never retries a set whose write did not hold.
   */
  commit(writes: readonly Write[]): Promise<void>
}
