import { Option, type Command } from 'commander'
import { commandsOf, type Commands } from './commands.ts'
import {
  certificateStates,
  hashOption,
  keyOption,
  keyUsageOption,
  purposeOption,
  reasonOption,
  validityOption,
  type CertificateState,
  type KeyAlgorithm,
  type KeyUsage,
  type RevocationReason,
  type SignatureHash,
} from './choices.ts'
import { newFile, readText } from './files.ts'
import { addPaging, addSubject, pagingOf, subjectOf, type PagingOptions, type SubjectOptions } from './inputs.ts'
import { certificateRecord, certificateStateCell, withoutSealedKey } from './certificate-view.ts'
import { remainder } from './output.ts'
import { certificatePem, pemOf } from './pem.ts'
import { previewCertificate } from './preview.ts'
import { addRepositoryCommands } from './cert-repository.ts'
import { collect, confirmDeletion, dryRunOption, given, readPairs } from './session.ts'
import type { Terminal } from './terminal.ts'
import { dateCell, type Validity } from './times.ts'

/** `certkeep cert …`: private certificates, and the repository. */
export function addCertCommands(program: Command, terminal: Terminal): void {
  const cert = program.command('cert').description('Certificates')
  const commands = commandsOf(cert, terminal)
  addIssuing(commands)
  addReading(commands)
  addEnding(commands)
  addUpload(commands)
  addRepositoryCommands(cert, terminal)
}

interface IssueOptions extends SubjectOptions {
  issuer: string
  validity: Validity
  key?: KeyAlgorithm
  hash?: SignatureHash
  dns?: string[]
  ip?: string[]
  email?: string[]
  uri?: string[]
  keyUsage?: KeyUsage[]
  purpose?: string[]
}

function addIssuing({ add }: Commands): void {
  addSubject(add('issue', 'Issue a certificate with a key made by the service'))
    .requiredOption('--issuer <ca-id>', 'the CA that signs')
    .addOption(validityOption().default({ unit: 'day', amount: 90 }, '90d'))
    .addOption(keyOption().default('p256'))
    .addOption(hashOption())
    .option('--dns <name>', 'DNS name; repeatable', collect)
    .option('--ip <address>', 'IP address; repeatable', collect)
    .option('--email <address>', 'e-mail address; repeatable', collect)
    .option('--uri <uri>', 'URI; repeatable', collect)
    .addOption(keyUsageOption())
    .addOption(purposeOption())
    .does<[], IssueOptions>(async ({ call, output }, options) => {
      const { issuer, validity, key, hash, keyUsage, purpose } = options
      const names = (['dns', 'ip', 'email', 'uri'] as const).flatMap((type) =>
        (options[type] ?? []).map((value) => ({ type, value })),
      )
      const answer = await call(
        'IssueCertificate',
        given({
          issuerId: issuer,
          subject: subjectOf(options),
          validity,
          keyAlgorithm: key,
          signatureHash: hash,
          names: names.length > 0 ? names : undefined,
          keyUsages: keyUsage,
          extendedKeyUsages: purpose,
        }),
      )
      output.result(answer, () => `${answer.certificateId}\n`)
    })

  add('issue-csr', 'Issue a certificate for a request (PKCS #10)')
    .requiredOption('--issuer <ca-id>', 'the CA that signs')
    .requiredOption('--csr <file>', 'PEM; - for standard input')
    .addOption(validityOption().default({ unit: 'day', amount: 90 }, '90d'))
    .does<[], { issuer: string; csr: string; validity: Validity }>(
      async ({ call, output, terminal }, { issuer, csr, validity }) => {
        const answer = await call('IssueCertificateByCsr', {
          issuerId: issuer,
          csr: await readText(csr, terminal),
          validity,
        })
        output.result(answer, () => `${answer.certificateId}\n`)
      },
    )
}

function addReading({ add }: Commands): void {
  addPaging(add('list', 'List the certificates that CAs of the account issued'))
    .option('--name <part>', 'only those whose common name contains this')
    .addOption(new Option('--state <state>', 'only those in this state').choices(certificateStates))
    .does<[], PagingOptions & { name?: string; state?: CertificateState }>(
      async ({ call, output, now }, { name, state, ...paging }) => {
        const page = await call('ListPrivateCertificates', given({ name, state, ...pagingOf(paging) }))
        const rows = page.rows.map((row) => ({ ...row, certificate: withoutSealedKey(row.certificate) }))
        output.result(
          { ...page, rows },
          (show) =>
            show.table(
              ['ID', 'NAME', 'STATE', 'ISSUER', 'KEY', 'VALID UNTIL'],
              rows.map(({ certificate, state: shownState }) => [
                certificate.id,
                certificate.commonName,
                certificateStateCell(shownState),
                certificate.issuerName,
                certificate.keyAlgorithm,
                dateCell(certificate.notAfter, now),
              ]),
            ) + remainder(rows.length, page.total, paging.offset),
        )
      },
    )

  add('show <certificate-id>', 'Show a certificate')
    .option('--pem', 'print the certificate as PEM')
    .does<[string], { pem?: boolean }>(async ({ call, output, now }, { pem = false }, certificateId) => {
      const { certificate, state } = await call('ShowPrivateCertificate', { certificateId })
      output.result({ certificate: withoutSealedKey(certificate), state }, (show) =>
        pem ? certificatePem(certificate.certificate) : certificateRecord(show, certificate, state, now),
      )
    })

  add('export <certificate-id>', 'Export a certificate with its chain, and its key if the service made it, as PEM')
    .option('--out <file>', 'write certificate and chain to a file')
    .option('--key-out <file>', 'write the private key to a file that you alone can read')
    .option('--force', 'replace files that are there')
    .does<[string], { out?: string; keyOut?: string; force?: boolean }>(
      async ({ call, output }, { out, keyOut, force = false }, certificateId) => {
        await using file = out === undefined ? undefined : await newFile(out, { secret: false, force })
        await using keyFile = keyOut === undefined ? undefined : await newFile(keyOut, { secret: true, force })
        const { certificate, chain, privateKey } = await call('ExportPrivateCertificate', { certificateId })
        const pem = [certificate.certificate, ...chain].map(certificatePem)
        if (privateKey !== undefined) await keyFile?.write(pemOf('PRIVATE KEY', privateKey))
        await file?.write(pem.join(''))
        const keyWritten = privateKey === undefined ? undefined : keyFile?.path
        output.result(
          given({
            ...(file ? { file: file.path } : { certificate: pem[0], chain: pem.slice(1) }),
            hasPrivateKey: privateKey !== undefined,
            privateKeyFile: keyWritten,
          }),
          () => (file ? `Written to ${file.path}.\n` : pem.join('')),
        )
        if (keyWritten !== undefined) output.note(`The private key is in ${keyWritten}.`)
        else if (privateKey !== undefined) output.note('The private key was not written; name a file with --key-out.')
        else if (keyFile) output.note('The service does not hold the private key; nothing was written to --key-out.')
      },
    )
}

function addEnding({ add }: Commands): void {
  add('revoke <certificate-id>', 'Put a certificate on its issuer’s CRL; cannot be undone')
    .addOption(reasonOption())
    .addOption(dryRunOption())
    .does<[string], { reason: RevocationReason; dryRun: boolean }>(
      async ({ call, output }, { reason, dryRun }, certificateId) =>
        output.result(
          await call('RevokeCertificate', { certificateId, reason }, { dryRun }),
          () => `Certificate ${certificateId} is revoked.\n`,
        ),
    )

  add('delete <certificate-id>', 'Delete the record of a certificate and its private key; this does not revoke it')
    .option('--preview', 'show what that would mean, and change nothing')
    .option('--yes', 'do not ask')
    .addOption(dryRunOption())
    .does<[string], { preview?: boolean; yes?: boolean; dryRun: boolean }>(async (session, options, certificateId) => {
      const { preview = false, yes = false, dryRun } = options
      const { call, output } = session
      if (preview) return previewCertificate(session, certificateId)
      await confirmDeletion(session, {
        yes,
        dryRun,
        async describe() {
          const { certificate, state } = await call('ShowPrivateCertificate', { certificateId })
          const key = certificate.sealedPrivateKey === null ? '' : ' Its private key goes with it.'
          return {
            what: 'the certificate',
            name: certificate.commonName || certificateId,
            consequence: `It is ${state}, and deleting does not revoke it.${key}`,
          }
        },
      })
      output.result(
        await call('DeletePrivateCertificate', { certificateId }, { dryRun }),
        () => `Certificate ${certificateId} is deleted.\n`,
      )
    })
}

function addUpload({ add }: Commands): void {
  add('upload', 'Keep a certificate and its private key that were made elsewhere')
    .requiredOption('--name <name>', 'a name that is free in the account')
    .requiredOption('--certificate <file>', 'PEM, the chain behind the certificate; - for standard input')
    .requiredOption('--key <file>', 'PEM of the private key, not encrypted')
    .option('--tag <key=value>', 'tag; repeatable', collect)
    .does<[], { name: string; certificate: string; key: string; tag?: string[] }>(
      async ({ call, output, terminal }, { name, certificate: path, key, tag }) => {
        const { certificate } = await call(
          'UploadCertificate',
          given({
            name,
            certificate: await readText(path, terminal),
            privateKey: await readText(key, terminal),
            tags: tag === undefined ? undefined : readPairs(tag),
          }),
          { confidential: true },
        )
        output.result({ certificate: withoutSealedKey(certificate) }, () => `${certificate.number}\n`)
      },
    )
}
