/** The writer thread over a disk with a fault. Started as a thread, with the writer's own data and the fault beside it. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'

export interface Fault {
  /** The disk has room for so many pages more. */
  pagesLeft?: number
  /** The commit of this number, from 1, is written and reported as failed. */
  failingCommit?: number
}

const { fault } = workerData as { fault: Fault }
const prepare = Reflect.get(DatabaseSync.prototype, 'prepare') as DatabaseSync['prepare']

DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
  const statement = prepare.call(this, sql)
  if (sql === 'BEGIN IMMEDIATE' && fault.pagesLeft !== undefined) {
    const { page_count: pages } = prepare.call(this, 'PRAGMA page_count').get() as { page_count: number }
    this.exec(`PRAGMA max_page_count = ${pages + fault.pagesLeft}`)
  }
  if (sql === 'COMMIT') {
    let commits = 0
    statement.run = () => {
      this.exec('END')
      if (++commits === fault.failingCommit) throw Object.assign(new Error('disk I/O error'), { errcode: 1_034 })
      return { changes: 0, lastInsertRowid: 0 }
    }
  }
  return statement
}

await import('./sqlite-writer-thread.ts')
