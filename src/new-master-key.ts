import { resolve } from 'node:path'
import { writeMasterKey } from './keys/index.ts'

/** Makes a master key in a new file. @returns its absolute path @throws MasterKeyError */
export async function newMasterKeyFile(file: string): Promise<string> {
  const path = resolve(file)
  await writeMasterKey(path)
  return path
}
