import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type { Finding, NoteSigner } from '../audit/index.ts'
import { auditText } from '../client/index.ts'
import { NotVerified, UsageError } from './errors.ts'
import { newFile, readText } from './files.ts'
import { Output } from './output.ts'
import { openSession, urlOf, withService, type ServiceOptions } from './session.ts'
import type { Terminal } from './terminal.ts'

type Key = Pick<NoteSigner, 'origin' | 'publicKey'>

interface VerifyOptions extends ServiceOptions {
  online?: boolean
  checkpoint?: string
  key?: string
  complete?: boolean
}

/** `certkeep audit verify`: by an export and no service, or by the service and what was put aside of it before. */
export function addVerifyCommand(audit: Command, terminal: Terminal): void {
  const command = audit
    .command('verify')
    .argument('[export]', 'what audit export wrote')
    .description('Verify an export of the audit log, or with --online the log of the service; names what is wrong')
    .option(
      '--online',
      'ask the service to prove that its log continues what --checkpoint holds, and put that down anew',
    )
    .option('--checkpoint <file>', 'checkpoints that were put aside; with --online it is made when it is not there')
    .option(
      '--key <key>',
      'whose signature counts: a line of audit key (else the one in --checkpoint, else the own one)',
    )
    .option('--complete', 'refuse an export from which entries of other accounts are left out')
  withService(command).action(async (file: string | undefined, options: VerifyOptions) => {
    const output = new Output(terminal, options.output)
    if (options.online === (file !== undefined)) throw new UsageError('name an export, or say --online')
    const verdict = file === undefined ? await online(options, terminal) : await offline(file, options, terminal)
    output.result({ valid: verdict.findings.length === 0, ...verdict }, () =>
      [...verdict.findings.map(({ text }) => `${text}\n`), `${verdict.summary}\n`].join(''),
    )
    if (verdict.findings.length > 0) throw new NotVerified('the audit log does not verify')
  })
}

interface Verified {
  findings: Finding[]
  summary: string
}

async function offline(file: string, options: VerifyOptions, terminal: Terminal): Promise<Verified> {
  const { verifyExport } = await import('../audit/index.ts')
  const pins = options.checkpoint === undefined ? noPins : await readPins(options.checkpoint, terminal)
  const key = await keyOf(options, pins)
  if (!existsSync(file)) throw new UsageError(`${file} cannot be read (ENOENT)`)
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  const { findings, checkpoint, entries, others } = await verifyExport(lines, { key, pinned: pins.notes })
  if (options.complete && others > 0)
    findings.push({ kind: 'missing', index: undefined, text: `${others} entries of other accounts are left out` })
  const what = `${entries} entries${others > 0 ? ` and the places of ${others} of other accounts` : ''}`
  const held = pins.notes.length > 0 ? `, and ${pins.notes.length} checkpoints put aside` : ''
  const good = `Valid: ${what}, signed by ${checkpoint?.origin ?? '-'}${held}.`
  return { findings, summary: findings.length === 0 ? good : `Looked at ${what}.` }
}

async function online(options: VerifyOptions, terminal: Terminal): Promise<Verified> {
  const { checkpoint: file } = options
  if (file === undefined) throw new UsageError('--online wants --checkpoint: the file that holds what the log was')
  const { continues, openCheckpoint, readVerifierKey, CheckpointError, verifierKey } = await import('../audit/index.ts')
  const pins = existsSync(file) ? await readPins(file, terminal) : noPins
  const url = urlOf(options, terminal)
  const { call } = await openSession(terminal, options)
  const findings: Finding[] = []
  const found = (text: string) => findings.push({ kind: 'pinned', index: undefined, text })
  const key = (await keyOf(options, pins)) ?? readVerifierKey(await auditText(url, 'key'))
  let summary = ''
  try {
    const current = await auditText(url, 'checkpoint')
    for (const pinned of pins.notes) {
      const before = openCheckpoint(pinned, key)
      const now = openCheckpoint(current, key)
      if (now.size < before.size) {
        found(`the log had ${before.size} entries when the checkpoint was put aside, and has ${now.size}`)
        continue
      }
      const proof = await call('ShowConsistencyProof', { first: before.size, second: now.size })
      const path = proof.path.map((hash) => Buffer.from(hash, 'base64'))
      if (!continues({ first: before.size, second: now.size, path }, before.root, now.root))
        found(`something among the first ${before.size} entries is not what it was when the checkpoint was put aside`)
    }
    const { size } = openCheckpoint(current, key)
    summary =
      findings.length === 0 ? `Valid: the log has ${size} entries and continues what ${file} holds.` : `Not valid.`
    if (findings.length === 0) await putDown(file, `${verifierKey(key)}\n\n${current.trimEnd()}\n`)
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    found(error.message)
    summary = 'Not valid.'
  }
  return { findings, summary }
}

async function putDown(path: string, content: string): Promise<void> {
  await using file = await newFile(path, { secret: false, force: true })
  await file.write(content)
}

interface Pins {
  key: string | undefined
  notes: readonly string[]
}

const noPins: Pins = { key: undefined, notes: [] }
const noteText = /^[^\s+]+\n\d+\n[A-Za-z0-9+/=]+\n(?:[^\n]+\n)*\n— [^\n]+$/gm
const keyText = /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/m

/** A file of checkpoints, such as the service adds to, or --online wrote. @throws UsageError when it holds none */
async function readPins(path: string, terminal: Terminal): Promise<Pins> {
  const text = await readText(path, terminal)
  const notes = (text.match(noteText) ?? []).map((note) => `${note}\n`)
  if (notes.length === 0) throw new UsageError(`${path} holds no checkpoint of an audit log`)
  return { key: keyText.exec(text)?.[0], notes }
}

async function keyOf({ key }: VerifyOptions, pins: Pins): Promise<Key | undefined> {
  const { CheckpointError, readVerifierKey } = await import('../audit/index.ts')
  const text = key ?? pins.key
  if (text === undefined) return undefined
  try {
    return readVerifierKey(text)
  } catch (error) {
    throw error instanceof CheckpointError ? new UsageError(error.message) : error
  }
}
