import { setTimeout as sleep } from 'node:timers/promises'
import {
  AuditMirror,
  BackupError,
  MirrorBucket,
  MirrorFolder,
  type AuditMirrorParts,
  type MirrorPlace,
} from './backup/index.ts'
import type { MirrorConfig } from './config/index.ts'
import { metaKeys } from './data-folder.ts'
import { newUuid, wallClock } from './kernel/index.ts'
import { Outbound, OutboundError } from './outbound/index.ts'
import { auditRows, metaStore, type Database } from './storage/index.ts'

const timeoutMs = 60_000

/** The place that a configuration names. @param outboundAllow addresses that are not of the public internet */
export function mirrorPlaceOf(config: MirrorConfig, outboundAllow: readonly string[]): MirrorPlace {
  if (config.kind === 'folder') return new MirrorFolder(config.folder)
  const outbound = new Outbound({ allow: outboundAllow })
  const send: ConstructorParameters<typeof MirrorBucket>[1] = async (request) => {
    try {
      return await outbound.send({ ...request, timeoutMs })
    } catch (error) {
      if (error instanceof OutboundError) throw new BackupError(`The audit mirror cannot be reached: ${error.message}.`)
      throw error
    }
  }
  return new MirrorBucket(config, send, wallClock)
}

/**
 * The mirror of this process's data.
 * @throws BackupError when another living copy has it
 */
export async function startMirror(
  db: Database,
  place: MirrorPlace,
  report: Pick<AuditMirrorParts, 'alarm' | 'fatal' | 'handedOver'>,
): Promise<AuditMirror> {
  const meta = metaStore(db)
  const instanceId = (await meta.read(metaKeys.instance))!
  const mirror = new AuditMirror({
    place,
    entries: auditRows(db),
    instanceId,
    lineage: (await meta.read(metaKeys.lineage)) ?? instanceId,
    run: newUuid(),
    wallClock,
    sleep: (ms) => sleep(ms),
    ...report,
  })
  await mirror.start()
  return mirror
}
