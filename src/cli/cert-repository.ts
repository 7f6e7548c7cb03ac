import { Option, type Command } from 'commander'
import { certificateRecord, certificateStateCell, withoutSealedKey } from './certificate-view.ts'
import { certificateStates, type CertificateState } from './choices.ts'
import { commandsOf } from './commands.ts'
import { newFile } from './files.ts'
import { addPaging, pagingOf, type PagingOptions } from './inputs.ts'
import { remainder } from './output.ts'
import { certificatePem, pemOf } from './pem.ts'
import { previewCertificate } from './preview.ts'
import { confirmDeletion, dryRunOption, given, wholeNumber } from './session.ts'
import type { Terminal } from './terminal.ts'
import { dateCell } from './times.ts'

interface ListOptions extends PagingOptions {
  uploadedOnly?: boolean
  keyword?: string
  state?: CertificateState
  expiringWithin?: number
}

/** `certkeep cert repository …`: uploaded certificates and issued ones, by their numbers. */
export function addRepositoryCommands(cert: Command, terminal: Terminal): void {
  const repository = cert.command('repository').description('Uploaded and issued certificates, by their numbers')
  const { add } = commandsOf(repository, terminal)

  addPaging(add('list', 'List the repository'))
    .option('--uploaded-only', 'leave out what CAs of the account issued')
    .option('--keyword <part>', 'only those for a domain name that contains this')
    .addOption(new Option('--state <state>', 'only those in this state').choices(certificateStates))
    .option('--expiring-within <days>', 'only those that end within so many days', wholeNumber)
    .does<[], ListOptions>(async ({ call, output, now }, options) => {
      const { uploadedOnly = false, keyword, state, expiringWithin } = options
      const input = given({ uploadedOnly, keyword, state, expiringWithinDays: expiringWithin, ...pagingOf(options) })
      const page = await call('ListRepositoryCertificates', input)
      const rows = page.rows.map((row) => ({ ...row, certificate: withoutSealedKey(row.certificate) }))
      output.result(
        { ...page, rows },
        (show) =>
          show.table(
            ['NUMBER', 'STORED AS', 'NAME', 'STATE', 'SOURCE', 'VALID UNTIL'],
            rows.map(({ certificate, state: shownState }) => [
              String(certificate.number),
              certificate.name ?? '-',
              certificate.commonName || '-',
              certificateStateCell(shownState),
              certificate.source,
              dateCell(certificate.notAfter, now),
            ]),
          ) + remainder(rows.length, page.total, options.offset),
      )
    })

  add('show <number>', 'Show a certificate of the repository')
    .option('--pem', 'print certificate and chain as PEM')
    .option('--key-out <file>', 'write the private key to a file that you alone can read')
    .option('--force', 'replace a file that is there')
    .does<[string], { pem?: boolean; keyOut?: string; force?: boolean }>(
      async ({ call, output, now }, { pem = false, keyOut, force = false }, number) => {
        await using keyFile = keyOut === undefined ? undefined : await newFile(keyOut, { secret: true, force })
        const shown = await call('ShowRepositoryCertificate', { number, withMaterial: keyFile !== undefined })
        const { certificate, state, chain, privateKey } = shown
        if (keyFile && privateKey !== undefined) await keyFile.write(pemOf('PRIVATE KEY', privateKey))
        const privateKeyFile = privateKey === undefined ? undefined : keyFile?.path
        output.result(given({ certificate: withoutSealedKey(certificate), state, chain, privateKeyFile }), (show) =>
          pem
            ? [certificate.certificate, ...chain].map(certificatePem).join('')
            : certificateRecord(show, certificate, state, now),
        )
        if (privateKeyFile !== undefined) output.note(`The private key is in ${privateKeyFile}.`)
        else if (keyFile) output.note('The service does not hold the private key; nothing was written to --key-out.')
      },
    )

  add('delete <number>', 'Delete an uploaded certificate, or an issued one that has expired or was revoked')
    .option('--preview', 'show what that would mean, and change nothing')
    .option('--yes', 'do not ask')
    .addOption(dryRunOption())
    .does<[string], { preview?: boolean; yes?: boolean; dryRun: boolean }>(async (session, options, number) => {
      const { preview = false, yes = false, dryRun } = options
      const { call, output } = session
      if (preview) {
        const { certificate } = await call('ShowRepositoryCertificate', { number, withMaterial: false })
        return previewCertificate(session, certificate.id)
      }
      await confirmDeletion(session, {
        yes,
        dryRun,
        async describe() {
          const { certificate, state } = await call('ShowRepositoryCertificate', { number, withMaterial: false })
          const key = certificate.sealedPrivateKey === null ? '' : ' Its private key goes with it.'
          return {
            what: `the ${certificate.source} certificate`,
            name: certificate.name ?? (certificate.commonName || number),
            consequence: `It is ${state}, and deleting does not revoke it.${key}`,
          }
        },
      })
      output.result(
        await call('DeleteRepositoryCertificate', { number }, { dryRun }),
        () => `Certificate ${number} is deleted.\n`,
      )
    })
}
