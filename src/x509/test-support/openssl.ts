import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { need } from '../../../test/support/tools.ts'

/** A folder for one test's files, with the system's OpenSSL as an independent judge. Gone when disposed of. */
export class OpenSsl {
  readonly folder = mkdtempSync(join(tmpdir(), 'x509-'))

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name)
    writeFileSync(path, content)
    return path
  }

  read(name: string): Buffer {
    return readFileSync(join(this.folder, name))
  }

  /** Exit status with both outputs. */
  try(...args: string[]): { ok: boolean; text: string } {
    need('openssl')
    const { status, stdout, stderr } = spawnSync('openssl', args, {
      cwd: this.folder,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    return { ok: status === 0, text: `${stdout}${stderr}` }
  }

  /** Standard output and error of a call that must succeed. */
  run(...args: string[]): string {
    const { ok, text } = this.try(...args)
    if (!ok) throw new Error(`openssl ${args.join(' ')}: ${text}`)
    return text
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
