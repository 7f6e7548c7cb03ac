import { Option, type Command } from 'commander'
import {
  caFilterStates,
  dispositionOption,
  hashOption,
  keyOption,
  keyUsageOption,
  reasonOption,
  validityOption,
  type CaFilterState,
  type CaState,
  type Disposition,
  type KeyAlgorithm,
  type KeyUsage,
  type RevocationReason,
  type SignatureHash,
} from './choices.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { newFile, readText } from './files.ts'
import {
  addSubject,
  addPaging,
  nameText,
  pagingOf,
  subjectOf,
  type PagingOptions,
  type SubjectOptions,
} from './inputs.ts'
import { remainder } from './output.ts'
import { certificatePem, pemOf } from './pem.ts'
import { commandsOf, type Commands } from './commands.ts'
import { caPreview } from './preview.ts'
import { confirmDeletion, dryRunOption, given, readPairs, wholeNumber, type AnswerOf, type Session } from './session.ts'
import type { Cell } from './table.ts'
import type { Style, Terminal } from './terminal.ts'
import { dateCell, timeCell, type Validity } from './times.ts'

const styles: Record<CaState, Style> = {
  active: 'good',
  pendingActivation: 'warning',
  disabled: 'warning',
  expired: 'bad',
  pendingDeletion: 'bad',
  ending: 'bad',
  destroyed: 'bad',
}

type ShownCa = AnswerOf<'ShowCa'>

const stateCell = ({ ca, state }: ShownCa): Cell =>
  ca.revokedAt === null ? { text: state, style: styles[state] } : { text: `${state}, revoked`, style: 'bad' }

/** `certkeep ca …`: private CAs, from their making to their end. */
export function addCaCommands(program: Command, terminal: Terminal): void {
  const ca = program.command('ca').description('Private CAs')
  const commands = commandsOf(ca, terminal)
  addReading(commands)
  addMaking(commands)
  addFiles(commands)
  addState(commands)
  addEnd(commands)
  addTags(commands)
}

function addReading({ add }: Commands): void {
  addPaging(add('list', 'List CAs'))
    .option('--name <part>', 'only those whose common name contains this')
    .addOption(new Option('--state <state>', 'only those in this state').choices(caFilterStates))
    .addOption(new Option('--type <type>', 'only these').choices(['root', 'subordinate']))
    .does<[], PagingOptions & { name?: string; state?: CaFilterState; type?: 'root' | 'subordinate' }>(
      async ({ call, output, now }, { name, state, type, ...paging }) => {
        const page = await call('ListCas', given({ name, state, type, ...pagingOf(paging) }))
        output.result(
          page,
          (show) =>
            show.table(
              ['ID', 'NAME', 'TYPE', 'STATE', 'KEY', 'ISSUER', 'VALID UNTIL'],
              page.rows.map((row) => [
                row.ca.id,
                nameText(row.ca.subject.commonName),
                row.ca.type,
                stateCell(row),
                row.ca.keyAlgorithm,
                row.ca.issuerName ?? '-',
                dateCell(row.ca.notAfter, now),
              ]),
            ) + remainder(page.rows.length, page.total, paging.offset),
        )
      },
    )

  add('show <ca-id>', 'Show a CA').does<[string]>(async ({ call, output, now }, _options, caId) => {
    const shown = await call('ShowCa', { caId })
    const { ca } = shown
    output.result(shown, (show) =>
      show.record([
        ['id', ca.id],
        ['name', nameText(ca.subject.commonName)],
        ['subject', subjectText(ca.subject)],
        ['type', ca.type],
        ['state', stateCell(shown)],
        ['key', ca.keyAlgorithm],
        ['issuer', ca.issuerName === null ? '-' : `${ca.issuerName}${ca.issuerId === null ? '' : ` (${ca.issuerId})`}`],
        ['serial', ca.serial ?? '-'],
        ['valid from', timeCell(ca.notBefore, now)],
        ['valid until', timeCell(ca.notAfter, now)],
        ['path length', ca.pathLength === null ? 'no limit' : String(ca.pathLength)],
        ['key usages', ca.keyUsages.join(', ') || '-'],
        ['CRL valid for', `${ca.crl.validDays} days`],
        ['created', timeCell(ca.createdAt, now)],
        ...(ca.revokedAt === null
          ? []
          : ([['revoked', `${timeCell(ca.revokedAt, now)}, ${ca.revocationReason ?? 'unspecified'}`]] as const)),
        ...(ca.dueAt === null ? [] : ([['deletion due', { text: timeCell(ca.dueAt, now), style: 'bad' }]] as const)),
        [
          'tags',
          Object.entries(ca.tags)
            .map(([key, value]) => `${key}=${value}`)
            .join(', ') || '-',
        ],
      ]),
    )
  })
}

const subjectText = (subject: Readonly<Record<string, string | readonly string[] | undefined>>): string =>
  Object.entries(subject)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${nameText(value)}`]))
    .join(', ')

const usualValidity = { root: { unit: 'year', amount: 10 }, subordinate: { unit: 'year', amount: 5 } } as const

/** The hash belongs to the key that signs, and Ed25519 (RFC 8032) has its own. */
const usualHash = (signer: KeyAlgorithm | undefined): SignatureHash => (signer === 'ed25519' ? 'none' : 'sha256')

/** Asked for only when the hash depends on it; who may not look at the issuer gets the usual one. */
async function keyOfIssuer(
  call: Session['call'],
  hash: SignatureHash | undefined,
  issuerId: string | undefined,
): Promise<KeyAlgorithm | undefined> {
  if (hash !== undefined || issuerId === undefined) return undefined
  try {
    return (await call('ShowCa', { caId: issuerId })).ca.keyAlgorithm
  } catch (error) {
    if (exitCodeOf(error) === exitCodes.notPermitted) return undefined
    throw error
  }
}

interface CreateOptions extends SubjectOptions {
  type: 'root' | 'subordinate'
  key: KeyAlgorithm
  hash?: SignatureHash
  validity?: Validity
  issuer?: string
  pathLength?: number
  keyUsage?: KeyUsage[]
}

function addMaking({ add }: Commands): void {
  addSubject(add('create', 'Create a CA'))
    .addOption(
      new Option('--type <type>', 'a subordinate needs an issuer, now or later')
        .choices(['root', 'subordinate'])
        .default('root'),
    )
    .addOption(keyOption().default('p256'))
    .addOption(hashOption())
    .addOption(validityOption())
    .option('--issuer <ca-id>', 'the CA above a subordinate; without it, it waits for `ca activate` or `ca import`')
    .option('--path-length <n>', 'how many levels of CAs may stand below it', wholeNumber)
    .addOption(keyUsageOption())
    .does<[], CreateOptions>(async ({ call, output }, options) => {
      const { type, key, hash, issuer, pathLength, keyUsage } = options
      const certifiedNow = type === 'root' || issuer !== undefined
      const signer = type === 'root' ? key : await keyOfIssuer(call, hash, issuer)
      const answer = await call(
        'CreateCa',
        given({
          type,
          subject: subjectOf(options),
          keyAlgorithm: key,
          signatureHash: hash ?? (certifiedNow ? usualHash(signer) : undefined),
          validity: options.validity ?? (certifiedNow ? usualValidity[type] : undefined),
          issuerId: issuer,
          pathLength,
          keyUsages: keyUsage,
        }),
      )
      output.result(answer, () => `${answer.caId}\n`)
    })

  add('activate <ca-id>', 'Give a waiting CA a certificate of another CA')
    .requiredOption('--issuer <ca-id>', 'the CA that signs')
    .addOption(hashOption())
    .addOption(validityOption().default({ unit: 'year', amount: 5 }, '5y'))
    .option('--path-length <n>', 'how many levels of CAs may stand below it', wholeNumber)
    .addOption(keyUsageOption())
    .does<
      [string],
      { issuer: string; hash?: SignatureHash; validity: Validity; pathLength?: number; keyUsage?: KeyUsage[] }
    >(async ({ call, output }, { issuer, hash, validity, pathLength, keyUsage }, caId) => {
      const signatureHash = hash ?? usualHash(await keyOfIssuer(call, hash, issuer))
      const answer = await call(
        'ActivateCa',
        given({ caId, issuerId: issuer, signatureHash, validity, pathLength, keyUsages: keyUsage }),
      )
      output.result(answer, () => `CA ${caId} is active.\n`)
    })

  add('import <ca-id>', 'Give a waiting CA a certificate that was signed elsewhere')
    .requiredOption('--certificate <file>', 'PEM; - for standard input')
    .option('--chain <file>', 'PEM of the certificates above it')
    .does<[string], { certificate: string; chain?: string }>(
      async ({ call, output, terminal }, { certificate, chain }, caId) => {
        const answer = await call(
          'ImportCaCertificate',
          given({
            caId,
            certificate: await readText(certificate, terminal),
            certificateChain: chain === undefined ? undefined : await readText(chain, terminal),
          }),
        )
        output.result(answer, () => `CA ${caId} is active.\n`)
      },
    )
}

function addFiles({ add }: Commands): void {
  add('export <ca-id>', 'Export a CA certificate and those above it, as PEM')
    .option('--out <file>', 'write them to a file')
    .option('--force', 'replace a file that is there')
    .does<[string], { out?: string; force?: boolean }>(async ({ call, output }, { out, force = false }, caId) => {
      await using file = out === undefined ? undefined : await newFile(out, { secret: false, force })
      const { certificate, chain } = await call('ExportCaCertificate', { caId })
      const pem = [certificate, ...chain].map(certificatePem)
      await file?.write(pem.join(''))
      output.result(file ? { file: file.path } : { certificate: pem[0], chain: pem.slice(1) }, () =>
        file ? `Written to ${file.path}.\n` : pem.join(''),
      )
    })

  add('csr <ca-id>', 'Export the request (PKCS #10) of a CA that waits for its certificate, as PEM')
    .option('--out <file>', 'write it to a file')
    .option('--force', 'replace a file that is there')
    .does<[string], { out?: string; force?: boolean }>(async ({ call, output }, { out, force = false }, caId) => {
      await using file = out === undefined ? undefined : await newFile(out, { secret: false, force })
      const pem = pemOf('CERTIFICATE REQUEST', (await call('ExportCaCsr', { caId })).csr)
      await file?.write(pem)
      output.result(file ? { file: file.path } : { csr: pem }, () => (file ? `Written to ${file.path}.\n` : pem))
    })
}

function addState({ add }: Commands): void {
  add('disable <ca-id>', 'Stop a CA from issuing; it goes on revoking').does<[string]>(
    async ({ call, output }, _options, caId) =>
      output.result(await call('DisableCa', { caId }), () => `CA ${caId} is disabled.\n`),
  )
  add('enable <ca-id>', 'Let a disabled CA issue again').does<[string]>(async ({ call, output }, _options, caId) =>
    output.result(await call('EnableCa', { caId }), () => `CA ${caId} is active.\n`),
  )
  add('revoke <ca-id>', 'Put the certificate of a subordinate on its issuer’s CRL; cannot be undone')
    .addOption(reasonOption())
    .addOption(dryRunOption())
    .does<[string], { reason: RevocationReason; dryRun: boolean }>(async ({ call, output }, { reason, dryRun }, caId) =>
      output.result(
        await call('RevokeCa', { caId, reason }, { dryRun }),
        () => `The certificate of CA ${caId} is revoked.\n`,
      ),
    )
}

interface DeleteOptions {
  keepDays: number
  disposition: Disposition
  preview?: boolean
  yes?: boolean
  dryRun: boolean
}

function addEnd({ add }: Commands): void {
  add('delete <ca-id>', 'Schedule the end of a disabled CA: on the day its key is destroyed')
    .option('--keep-days <days>', 'days in which it can be restored, 7 to 30', wholeNumber, 30)
    .addOption(dispositionOption())
    .option('--preview', 'show what that would mean, and change nothing')
    .option('--yes', 'do not ask')
    .addOption(dryRunOption())
    .does<[string], DeleteOptions>(async (session, options, caId) => {
      const { keepDays, disposition, preview = false, yes = false, dryRun } = options
      const { call, output, now } = session
      if (preview) {
        const shown = await call('PreviewCaDeletion', { caId, keepDays, disposition })
        return output.result(shown, (show) => caPreview(show, shown, now))
      }
      await confirmDeletion(session, {
        yes,
        dryRun,
        async describe() {
          const { ca, state } = await call('ShowCa', { caId })
          const consequence =
            state === 'pendingActivation'
              ? 'It was never activated: its key is destroyed at once.'
              : `After ${keepDays} days ${disposition === 'revokeAll' ? 'all it issued is revoked and ' : ''}its key is destroyed; until then it can be restored.`
          return { what: `the ${ca.type} CA`, name: nameText(ca.subject.commonName), consequence }
        },
      })
      const answer = await call('DeleteCa', { caId, keepDays, disposition }, { dryRun })
      output.result(answer, () =>
        answer.dueAt === null
          ? `CA ${caId} is deleted.\n`
          : `CA ${caId} will be deleted on ${timeCell(answer.dueAt, now)}; until then: certkeep ca restore ${caId}\n`,
      )
    })
  add('restore <ca-id>', 'Take a scheduled deletion back; the CA is disabled then').does<[string]>(
    async ({ call, output }, _options, caId) =>
      output.result(await call('RestoreCa', { caId }), () => `CA ${caId} is restored; it is disabled.\n`),
  )
}

function addTags({ add }: Commands): void {
  add('tag <ca-id> <key=value...>', 'Add tags to a CA').does<[string, string[]]>(
    async ({ call, output }, _options, caId, pairs) =>
      output.result(await call('TagCa', { caId, tags: readPairs(pairs) }), () => `CA ${caId} is tagged.\n`),
  )
  add('untag <ca-id> <key...>', 'Remove tags from a CA').does<[string, string[]]>(
    async ({ call, output }, _options, caId, keys) =>
      output.result(await call('UntagCa', { caId, keys }), () => `Tags of CA ${caId} are removed.\n`),
  )
}
