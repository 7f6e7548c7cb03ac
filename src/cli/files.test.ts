import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UsageError } from './errors.ts'
import { newFile } from './files.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'certkeep-files-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const secret = { secret: true, force: false }

async function written(path: string, content: string, options: { secret: boolean; force: boolean }): Promise<void> {
  await using file = await newFile(path, options)
  await file.write(content)
}

describe('a file for a secret', () => {
  test('is readable by its owner alone, and nothing else is left beside it', async () => {
    await written(join(folder, 'key.pem'), 'secret', secret)
    expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'key.pem'), 'utf8')).toBe('secret')
    expect(readdirSync(folder)).toEqual(['key.pem'])
  })

  test('is never written over another, also not over one that came meanwhile', async () => {
    const path = join(folder, 'key.pem')
    {
      await using file = await newFile(path, secret)
      writeFileSync(path, 'theirs')
      await expect(file.write('ours')).rejects.toThrow(UsageError)
    }
    await expect(newFile(path, secret)).rejects.toThrow('--force')
    expect(readFileSync(path, 'utf8')).toBe('theirs')
    expect(readdirSync(folder)).toEqual(['key.pem'])
  })

  test('with --force replaces another, mode included', async () => {
    const path = join(folder, 'key.pem')
    writeFileSync(path, 'theirs', { mode: 0o644 })
    await written(path, 'ours', { secret: true, force: true })
    expect(readFileSync(path, 'utf8')).toBe('ours')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('that is never written leaves nothing behind', async () => {
    {
      await using _file = await newFile(join(folder, 'key.pem'), secret)
      expect(readdirSync(folder)).toHaveLength(1)
    }
    expect(readdirSync(folder)).toEqual([])
  })

  test('in a folder that is not there is refused before anything is asked of the service', async () => {
    await expect(newFile(join(folder, 'no', 'key.pem'), secret)).rejects.toThrow(/cannot be written \(ENOENT\)/)
  })
})
