import { operations, type OperationDeps, type OperationName } from '../../src/api/index.ts'
import type { MirrorPlace, QuarantineRecord } from '../../src/backup/index.ts'
import { backupData } from '../../src/backup-data.ts'
import { Sequencer } from '../../src/audit/index.ts'
import { wallClock, type Operation } from '../../src/kernel/index.ts'
import { backupKeyring } from '../../src/keyring-backup.ts'
import { startMirror } from '../../src/mirror.ts'
import { restoreData } from '../../src/restore-data.ts'
import { openCore, type Core } from '../support/core.ts'
import type { aSafe } from './certkeep.ts'

/** One instance with everything but its doors, and what an operator does with it. */
export interface World extends Core {
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  at(operation: OperationName, input?: object): Promise<any>
  rootCa(commonName: string): Promise<string>
  leaf(issuerId: string, commonName: string): Promise<string>
  backUp(name: string): Promise<void>
  copyKeyring(name: string): Promise<void>
  mirrorTo(place: MirrorPlace): Promise<{ stop(): Promise<void> }>
  /** Gives every entry of the audit log its place. */
  number(): Promise<void>
  /** As a person does it after a look. */
  release(): Promise<{ rearmed: { caId: string; was: number; dueAt: number }[] }>
}

export type Safe = ReturnType<typeof aSafe>

export async function aWorld(safe: Safe, dataFolder: string): Promise<World> {
  const core = await openCore({ dataFolder })
  const at: World['at'] = (name, input = {}) =>
    core.call(
      core.administrator,
      operations[name] as unknown as Operation<object, unknown, unknown, OperationDeps>,
      input,
    )
  const number = async () => {
    const { auditLog: log, committer } = core.deps
    const clocks = { wallClock, leaseClock: wallClock }
    const signer = await core.auditSigner()
    await new Sequencer({ log, committer, signer, ...clocks, owner: 'only', step: () => undefined }).run()
  }
  const validity = { unit: 'day', amount: 90 }
  return {
    ...core,
    at,
    number,
    async rootCa(commonName) {
      const subject = { commonName, country: 'CN', organization: 'Test' }
      const years = { unit: 'year', amount: 10 }
      return (
        await at('CreateCa', { type: 'root', subject, keyAlgorithm: 'p256', signatureHash: 'sha256', validity: years })
      ).caId as string
    },
    async leaf(issuerId, commonName) {
      const names = [{ type: 'dns', value: commonName }]
      return (
        await at('IssueCertificate', { issuerId, subject: { commonName }, keyAlgorithm: 'p256', validity, names })
      ).certificateId as string
    },
    async backUp(name) {
      await backupData(dataFolder, { file: safe.at(name), lock: safe.lock, database: undefined })
    },
    async copyKeyring(name) {
      const options = { file: safe.at(name), lock: safe.lock, database: undefined, place: `safe ${name}` }
      await backupKeyring(dataFolder, { ...options, environment: {} })
    },
    async mirrorTo(place) {
      const report = (reason: string) => void core.failures.push(new Error(reason))
      const mirror = await startMirror(core.db, place, { alarm: report, fatal: report })
      return {
        async stop() {
          await number()
          await mirror.stop()
        },
      }
    },
    async release() {
      const { quarantine } = await at('ShowQuarantine')
      return at('ReleaseQuarantine', { knownUntil: quarantine.knownUntil })
    },
  }
}

/** Restores the backup `data`, with a copy of the keyring and a mirror where they are named. */
export const restoreInto = (
  folder: string,
  safe: Safe,
  { keyring, mirror }: { keyring?: string; mirror?: MirrorPlace } = {},
): Promise<QuarantineRecord> =>
  restoreData(folder, {
    file: safe.at('data'),
    unlock: safe.unlock,
    keyringCopy: keyring === undefined ? undefined : { file: safe.at(keyring), unlock: safe.unlock },
    mirror,
    database: undefined,
    environment: {},
  })
