import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * Moves the write-ahead log into the database, off the request path: a checkpoint in the writer would hold up commits
 * for tens of milliseconds; it is what the slowest commits wait for.
 * PASSIVE never waits for anybody and never blocks a commit.
 */
const { path } = workerData as { path: string }
const checkpointAboveBytes = 4 * 1024 * 1024
const everyMs = 500

const connection = new DatabaseSync(path, { timeout: 1_000 })
connection.exec('PRAGMA synchronous = FULL')
const checkpoint = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)')

const timer = setInterval(() => {
  const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (size > checkpointAboveBytes) checkpoint.get()
}, everyMs)

parentPort!.on('message', () => {
  clearInterval(timer)
  connection.close()
  parentPort!.close()
})
