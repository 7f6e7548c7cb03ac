import { dataLines, writeBackup, type Lock } from './backup/index.ts'
import { openBeside } from './beside.ts'
import { wallClock } from './kernel/index.ts'

/**
 * A backup of everything but master key and keyring, as it is at one instant, while the service goes on.
 * @throws DataFolderError, BackupError
 */
export async function backupData(
  folder: string,
  { file, lock, database }: { file: string; lock: Lock; database: string | undefined },
): Promise<{ bytes: number; takenAt: number }> {
  const { instanceId, lineage, domainClock, snapshot: take, close } = await openBeside(folder, database)
  try {
    const takenAt = wallClock.now()
    const snapshot = await take()
    try {
      const { migrations } = snapshot
      const header = { instanceId, lineage, takenAt, domainTime: domainClock.now(), migrations }
      return { bytes: await writeBackup(file, 'data', lock, dataLines(header, snapshot)), takenAt }
    } finally {
      await snapshot.close()
    }
  } finally {
    await close()
  }
}
