import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import type { Sealer } from '../keys/index.ts'
import { writePem } from '../x509/index.ts'
import { numberIn, readCursor, writeCursor } from './cursor.ts'
import { defaultLimit, exportPage } from './export-account.ts'
import type { AccountRows } from './store.ts'

/**
 * The private keys of certificates that are held here, as PKCS #8 in PEM, page by page: of those made here and of uploads. A
 * right of its own beside that of ExportAccount, whose certificates name them by id. Keys of CAs are not among them.
 */
export const exportAccountKeys = operation<{ accountRows: AccountRows; sealer: Sealer }>()({
  name: 'ExportAccountKeys',
  summary: 'Export the private keys of certificates, page by page',
  access: 'read',
  actions: ['certkeep:account:exportKeys'],
  revealsSecret: true,
  input: Type.Object(exportPage, { additionalProperties: false }),
  guarded: ({ cursor = '', limit = defaultLimit }) => ({
    kind: 'exportKeys',
    caId: undefined,
    objectId: '',
    version: 0,
    terms: { cursor, limit },
  }),
  problems: ['InputInvalid'],

  async run({ cursor, limit = defaultLimit }, _resource, { accountRows, sealer }, { accountId }) {
    const after = cursor === undefined ? 0 : numberIn(readCursor(cursor).after)
    const page = await accountRows.certificates(accountId, after, limit)
    const items = page.flatMap(({ certificate: { id, number, serial, commonName, sealedPrivateKey } }) => {
      if (sealedPrivateKey === null) return []
      const pkcs8 = sealer.open('certificate-key', [accountId, id], sealedPrivateKey)
      try {
        return [{ id, number, serial, commonName, privateKey: writePem('PRIVATE KEY', pkcs8) }]
      } finally {
        pkcs8.fill(0)
      }
    })
    const last = page.length === limit ? page.at(-1) : undefined
    const next = last ? writeCursor({ section: 'certificates', within: '', after: String(last.seq) }) : null
    return {
      answer: { format: 'certkeep-account-export-1' as const, section: 'privateKeys' as const, items, next },
      audit: {
        objectType: 'account',
        objectId: accountId,
        facts: { privateKeysRead: items.length, certificateIds: items.map(({ id }) => id) },
      },
    }
  },
})
