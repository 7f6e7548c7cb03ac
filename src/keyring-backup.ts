import { auditTrail } from './audit/index.ts'
import { KeyringReader, keyringLines, readBackup, writeBackup, type Lock, type Unlock } from './backup/index.ts'
import { openBeside } from './beside.ts'
import { asFolderError, masterKeyOf } from './data-folder.ts'
import { problem } from './kernel/index.ts'
import { masterKeysIn, openKeyring, Sealer } from './keys/index.ts'
import { operatorCaller } from './operator.ts'
import { auditStore, iamStore, keyringCopyStore } from './storage/index.ts'

/** The step after which a copy counts, though its file is not there: for trying crashes. */
export type OnCopyStep = (step: 'copy.number-noted' | 'copy.written') => void

/**
 * A numbered copy of the keyring. The number, and which keys the copy may hold, are durable before the copy is: a crash
 * leaves a number without a copy, which counts until it is attested, and never a copy without a number.
 * @throws DataFolderError, BackupError
 */
export async function backupKeyring(
  folder: string,
  {
    file,
    lock,
    database,
    place,
    environment,
    onStep = () => undefined,
  }: {
    file: string
    lock: Lock
    database: string | undefined
    /** Where it goes, in the operator's words. */
    place: string
    environment: Readonly<Record<string, string | undefined>>
    onStep?: OnCopyStep
  },
): Promise<{ number: number; keys: number; bytes: number }> {
  const { db, lineage, domainClock, close } = await openBeside(folder, database)
  try {
    const masterKey = await masterKeyOf(folder, environment, true)
    const keyring = await openKeyring({
      dataFolder: folder,
      sealer: new Sealer({ current: masterKey, others: masterKeysIn(folder, environment) }),
    })
    const copies = keyringCopyStore(db)
    const account = await iamStore(db).firstAccount()
    const keyIds = await keyring.list()
    const number = (await copies.lastNumber()) + 1
    const madeAt = domainClock.now()
    const facts = { number, place, keys: keyIds.length }
    await db.commit([
      ...copies.insert(
        { number, madeAt, place, attestedAt: null, attestedBy: null },
        keyIds,
        problem('ChangedMeanwhile'),
      ),
      auditTrail(auditStore(db), domainClock).done(operatorCaller(account!.id), 'MakeKeyringCopy', {
        objectType: 'keyringCopy',
        objectId: String(number),
        facts,
      }),
    ])
    onStep('copy.number-noted')
    // Only what was noted: a key that was made meanwhile is in the next copy.
    const files = await keyring.files(keyIds)
    const header = { number, keyringId: keyring.id, lineage, madeAt, masterKeyId: masterKey.keyId }
    const bytes = await writeBackup(file, 'keyring', lock, keyringLines(header, files))
    onStep('copy.written')
    return { number, keys: files.length - 1, bytes }
  } catch (error) {
    throw asFolderError(error)
  } finally {
    await close()
  }
}

/** Reads a copy of the keyring. @throws BackupError */
export async function readKeyringCopy(file: string, unlock: Unlock): Promise<ReturnType<KeyringReader['finish']>> {
  const reader = new KeyringReader()
  await readBackup(file, 'keyring', unlock, (line) => reader.take(line))
  return reader.finish()
}
