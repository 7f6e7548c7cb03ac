import { certificateProblems } from '../../certificates/index.ts'
import { problemsOf } from '../../kernel/index.ts'
import { operations } from '../operations.ts'
import { instanceIdOf } from './certificate-members.ts'
import { invalidParameter, missingParameter } from './errors.ts'
import { ignored, required, tags, text } from './parameters.ts'
import { wireOperation } from './wire-operation.ts'

const problem = problemsOf(certificateProblems)

/** UploadUserCertificate, version 2020-04-07. Of the two kinds of certificate that it takes, SM2 is not supported. */
export const uploadUserCertificate = wireOperation({
  parameters: {
    Name: required(text),
    Cert: text,
    Key: text,
    EncryptCert: text,
    EncryptPrivateKey: text,
    SignCert: text,
    SignPrivateKey: text,
    ResourceGroupId: text,
    Tags: tags,
    SourceIp: ignored,
    ClientToken: ignored,
  },
  operation: operations.UploadCertificate,
  fields: { name: 'Name', certificate: 'Cert', privateKey: 'Key', resourceGroupId: 'ResourceGroupId', tags: 'Tags' },

  input({ Name, Cert, Key, ResourceGroupId, Tags, ...sm }) {
    if (/\p{Cc}/u.test(Name)) throw invalidParameter('Name')
    if (Cert === undefined || Key === undefined) {
      const { EncryptCert, EncryptPrivateKey, SignCert, SignPrivateKey } = sm
      if (EncryptCert ?? EncryptPrivateKey ?? SignCert ?? SignPrivateKey) throw problem('SmNotSupported')
      throw missingParameter(Cert === undefined ? 'Cert' : 'Key')
    }
    return {
      name: Name,
      certificate: Cert,
      privateKey: Key,
      ...(ResourceGroupId === undefined ? {} : { resourceGroupId: ResourceGroupId }),
      ...(Tags === undefined ? {} : { tags: Tags }),
    }
  },

  members: ({ certificate }) => ({ CertId: certificate.number, ResourceId: instanceIdOf(certificate) }),
})
