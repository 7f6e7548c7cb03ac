import { open } from 'node:fs/promises'
import { AuditLogKeeper, merged, refusalEntry, Sequencer, type RefusalCount } from './audit/index.ts'
import type { Alarm } from './backend.ts'
import type { Thread } from './compose.ts'
import type { Config } from './config/index.ts'
import { monotonicClock, wallClock, type Clock } from './kernel/index.ts'

export interface AuditKeeperParts {
  main: Thread
  config: Pick<Config, 'auditCheckpoints' | 'killAt'>
  /** Of this process among others; undefined where it is the only one, which takes its own lease over after a crash. */
  processId: string | undefined
  leaseClock: Clock
  alarm: Alarm
}

/** The sequencer of this process, and the places to which checkpoints go: standard output, and a file of the operator's. */
export async function auditKeeperOf(parts: AuditKeeperParts): Promise<AuditLogKeeper> {
  const { main, config, processId, leaseClock, alarm } = parts
  const { auditLog: log, committer } = main.deps
  const sequencer = new Sequencer({
    log,
    committer,
    signer: await main.auditSigner(),
    wallClock,
    leaseClock,
    owner: processId ?? 'only',
    step: (name) => {
      if (name === config.killAt) process.kill(process.pid, 'SIGKILL')
    },
  })
  return new AuditLogKeeper({
    sequencer,
    log,
    monotonicClock,
    async publish(checkpoint) {
      process.stdout.write(`${JSON.stringify({ auditCheckpoint: checkpoint })}\n`)
      if (config.auditCheckpoints !== undefined) await appendDurably(config.auditCheckpoints, `${checkpoint}\n`)
    },
    alarm: (error) =>
      alarm(
        'audit',
        { error: error instanceof Error ? error.message : String(error) },
        'the audit log could not be numbered, or its checkpoint published; it will be tried again',
      ),
  })
}

async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'a', 0o644)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Puts what the threads have counted since the last time into the log; a failure loses them, and is an alarm. */
export async function recordRefusals(
  { deps }: Thread,
  accountId: string,
  threads: readonly Promise<RefusalCount[]>[],
  alarm: Alarm,
): Promise<void> {
  try {
    const refusals = merged(await Promise.all(threads))
    if (refusals.length > 0) await deps.committer.commit([refusalEntry({ ...deps, accountId }, refusals)])
  } catch (error) {
    alarm('audit', { error: String(error) }, 'refusals were counted and could not be recorded')
  }
}
