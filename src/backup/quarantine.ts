import type { Write } from '../kernel/index.ts'
import type { MergeReport } from './merge.ts'
import type { InstanceValues } from './store.ts'

/** What a person has to know who releases a restored instance. Times are ms since 1970 of the wall clock. */
export interface QuarantineRecord extends MergeReport {
  restoredAt: number
  /** When the backup was taken. */
  backupAt: number
  /** What happened until then is known: to the backup, or to the audit mirror that was merged. */
  knownUntil: number
  /** Keys that the keyring lacks: nothing signs with them. */
  absentKeys: string[]
}

const key = 'instance.quarantine'

/** Why the instance is in quarantine, if it is. */
export async function quarantineOf(values: Pick<InstanceValues, 'read'>): Promise<QuarantineRecord | undefined> {
  const text = (await values.read(key)) || undefined
  return text === undefined ? undefined : (JSON.parse(text) as QuarantineRecord)
}

export const quarantineKey = key
export const quarantineText = (record: QuarantineRecord): string => JSON.stringify(record)
export const quarantineWrite = (values: InstanceValues, record: QuarantineRecord): Write =>
  values.write(key, quarantineText(record))
export const releaseWrite = (values: InstanceValues): Write => values.write(key, '')

export const quarantineMemory = (): SharedArrayBuffer => new SharedArrayBuffer(4)

/**
 * Whether this instance is in quarantine, seen by all threads of the process. Only a restore begins one, before any process
 * serves the data, so that a cell that says no needs no second look.
 */
export class Quarantine {
  private readonly cell: Int32Array
  private readonly values: Pick<InstanceValues, 'read'>

  constructor(memory: SharedArrayBuffer, values: Pick<InstanceValues, 'read'>) {
    this.cell = new Int32Array(memory)
    this.values = values
  }

  /** Looks into the database: for the start. */
  async look(): Promise<boolean> {
    const held = (await quarantineOf(this.values)) !== undefined
    Atomics.store(this.cell, 0, held ? 1 : 0)
    return held
  }

  /** While it lasts each call looks whether another process has ended it. */
  holds(): boolean | Promise<boolean> {
    return Atomics.load(this.cell, 0) === 1 && this.look()
  }
}
