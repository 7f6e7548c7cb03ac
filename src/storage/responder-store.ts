import type { ResponderStore } from '../revocation/index.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { bound, columnsOf } from './sql.ts'

const columns = columnsOf<Schema['ocsp_responders']>()(
  'ca_id',
  'serial',
  'not_after',
  'certificate',
  'sealed_private_key',
  'issued_at',
)

export function responderStore(db: Database): ResponderStore {
  const find = db.query<{ caId: string }>()((q, p) =>
    q.selectFrom('ocsp_responders').selectAll().where('ca_id', '=', p.caId),
  )
  const replace = db.write<Schema['ocsp_responders']>()((q, p) =>
    q
      .insertInto('ocsp_responders')
      .values(bound(p, columns))
      .onConflict((conflict) =>
        conflict.column('ca_id').doUpdateSet({
          serial: p.serial,
          not_after: p.not_after,
          certificate: p.certificate,
          sealed_private_key: p.sealed_private_key,
          issued_at: p.issued_at,
        }),
      ),
  )
  return {
    async find(caId) {
      const row = await find.first({ caId })
      return (
        row && {
          caId: row.ca_id,
          serial: row.serial,
          notAfter: row.not_after,
          certificate: row.certificate,
          sealedPrivateKey: row.sealed_private_key,
          issuedAt: row.issued_at,
        }
      )
    },
    replace: (responder) =>
      replace({
        ca_id: responder.caId,
        serial: responder.serial,
        not_after: responder.notAfter,
        certificate: responder.certificate,
        sealed_private_key: responder.sealedPrivateKey,
        issued_at: responder.issuedAt,
      }),
  }
}
