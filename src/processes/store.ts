/** What one look at the database tells a process of the others. */
export interface Glance {
  /** The database's clock, ms since 1970. */
  now: number
  /** Changes whenever the rights of anybody change. */
  rights: string
  /** As {@link import('../storage/index.ts').MetaStore} keeps it; undefined without an emulator. */
  emulatorClock: string | undefined
  /** How many processes hold a lease, this one among them. */
  processes: number
  /** How many keys are to be destroyed. */
  condemnedKeys: number
}

/**
 * `forgotten`: no thread of the process holds the key, and none will fetch it, for it is condemned. `absent`: the same once
 * more after the destruction, and the process finds no such key in its keyring.
 */
export type Stage = 'forgotten' | 'absent'

/** The processes that serve one database. All times in it are the database's. */
export interface ProcessStore {
  glance(): Promise<Glance>
  /** Takes or prolongs the lease of a process. @returns the database's clock */
  hold(id: string, leaseMs: number): Promise<number>
  /** Ends a lease. */
  leave(id: string): Promise<void>
  /** Condemned keys, and which stages are confirmed by this process and which were asked for by any. */
  condemned(id: string): Promise<{ keyId: string; confirmed: Stage[]; asked: Stage[] }[]>
  /** Says that a process has done its part; the first to say so asks the others. */
  confirm(keyId: string, id: string, stage: Stage): Promise<void>
  /** Processes with a lease that have not confirmed. */
  unconfirmed(keyId: string, stage: Stage): Promise<string[]>
  /** Drops what speaks of keys that are gone and of processes that ended long ago. */
  sweep(): Promise<void>
}

/** How the limit of a user and operation is parted among processes. The sum of the shares is never above the limit. */
export interface RateShareStore {
  /**
   * Asks for `wanted` calls a second, or gives some back. Call with less than is held only a window after the process
   * has begun to keep to less.
   * @returns the share it has now: what it wanted, or less when others hold the rest
   */
  claim(pair: Uint8Array, id: string, wanted: number, limit: number): Promise<number>
  /** What others hold of these pairs, and what they would like. */
  others(id: string, pairs: readonly Uint8Array[]): Promise<{ pair: Uint8Array; held: number; wanted: number }[]>
  giveUp(id: string, pairs: readonly Uint8Array[]): Promise<void>
  giveUpAll(id: string): Promise<void>
}
