// Restores, or copies a keyring, and is killed at the step that it is told: node killed.ts '{ … }'
import { createPublicKey, createPrivateKey } from 'node:crypto'
import { backupKeyring } from '../../src/keyring-backup.ts'
import { restoreData } from '../../src/restore-data.ts'
import { rotateMasterKey } from '../../src/rotate-master-key.ts'

const { act, folder, file, keyring, step, pem, database } = JSON.parse(process.argv[2]!) as Record<string, string>
const onStep = (reached: string): void => {
  if (reached === step) process.kill(process.pid, 'SIGKILL')
}
if (act === 'keyring') {
  const lock = { recipient: createPublicKey(pem!) }
  await backupKeyring(folder!, { file: file!, lock, database, place: 'A', environment: {}, onStep })
} else if (act === 'rotate') {
  await rotateMasterKey(folder!, { database, environment: {}, onStep, settleMs: 0 })
} else {
  const unlock = { privateKey: createPrivateKey(pem!) }
  const keyringCopy = { file: keyring!, unlock }
  await restoreData(folder!, { file: file!, unlock, keyringCopy, mirror: undefined, database, environment: {}, onStep })
}
