// Restores, or copies a keyring, and is killed at the step that it is told: node killed.ts '{ … }'
import { createPublicKey, createPrivateKey, type KeyObject } from 'node:crypto'
import { backupData } from '../../src/backup-data.ts'
import { backupKeyring } from '../../src/keyring-backup.ts'
import { restoreData } from '../../src/restore-data.ts'
import { rotateMasterKey } from '../../src/rotate-master-key.ts'

const { act, folder, file, keyring, step, pem, database } = JSON.parse(process.argv[2]!) as Record<string, string>
const onStep = (reached: string): void => {
  if (reached === step) process.kill(process.pid, 'SIGKILL')
}
if (act === 'backup') {
  // Asked for when the file is open and nothing of it is written.
  const lock = {
    get recipient(): KeyObject {
      process.kill(process.pid, 'SIGKILL')
      throw new Error('killed')
    },
  }
  await backupData(folder!, { file: file!, lock, database })
} else if (act === 'keyring') {
  const lock = { recipient: createPublicKey(pem!) }
  await backupKeyring(folder!, { file: file!, lock, database, place: 'A', environment: {}, onStep })
} else if (act === 'rotate') {
  await rotateMasterKey(folder!, { database, environment: {}, onStep, settleMs: 0 })
} else {
  const unlock = { privateKey: createPrivateKey(pem!) }
  const keyringCopy = { file: keyring!, unlock }
  await restoreData(folder!, { file: file!, unlock, keyringCopy, mirror: undefined, database, environment: {}, onStep })
}
