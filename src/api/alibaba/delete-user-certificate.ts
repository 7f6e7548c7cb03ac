import { operations } from '../operations.ts'
import { ignored, int64, required } from './parameters.ts'
import { wireOperation } from './wire-operation.ts'

/** DeleteUserCertificate, version 2020-04-07, with the parameters that older and newer clients send besides. */
export const deleteUserCertificate = wireOperation({
  parameters: { CertId: required(int64), SourceIp: ignored, Lang: ignored, ClientToken: ignored },
  operation: operations.DeleteRepositoryCertificate,
  fields: { number: 'CertId' },
  input: ({ CertId }) => ({ number: CertId }),
  members: () => ({}),
})
