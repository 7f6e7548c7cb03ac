import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/service.ts'

const launcher = fileURLToPath(new URL('../../bin/certkeep.js', import.meta.url))

export interface Ran {
  code: number
  out: string
  err: string
}

/** The command line as an operator uses it. */
export const certkeep = (args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> =>
  new Promise((resolve) =>
    execFile(
      process.execPath,
      [launcher, ...args],
      { env: { ...process.env, ...environment } },
      (error, out, err) => resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    ),
  )

/** A folder for backups, with a passphrase. */
export function aSafe(): { at: (name: string) => string; seal: string[] } {
  const folder = temporaryFolder()
  const at = (name: string) => join(folder, name)
  writeFileSync(at('passphrase'), 'correct horse battery staple\n')
  return { at, seal: ['--passphrase-file', at('passphrase')] }
}

/** What an operator puts into a folder before a restore: the master key, and perhaps the keyring as it is now. */
export function aNewFolder(from: string, { keyring }: { keyring: boolean }): string {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  copyFileSync(join(from, 'master.key'), join(folder, 'master.key'))
  // The tests' way in: who restores has their access key elsewhere.
  copyFileSync(join(from, 'first-credentials.json'), join(folder, 'first-credentials.json'))
  if (keyring) cpSync(join(from, 'keyring'), join(folder, 'keyring'), { recursive: true })
  return folder
}
