import Type from 'typebox'
import { resourceGroupNamed, type IamStore } from '../iam/index.ts'
import { uuidInput } from '../issuance/index.ts'
import { operation } from '../kernel/index.ts'
import type { Certificate } from './certificate.ts'
import { attributes, notFound } from './inputs.ts'
import { problem } from './problems.ts'
import type { CertificateStore } from './store.ts'

/** Moves a certificate of either kind to a resource group, by its name; null takes it out of the one it is in. */
export const moveCertificate = operation<{ certificates: CertificateStore; iam: IamStore }>()({
  name: 'MoveCertificate',
  summary: 'Move a certificate to another resource group',
  access: 'write',
  actions: ['certkeep:cert:move', 'yundun-cert:MoveResourceGroup'],
  input: Type.Object(
    { certificateId: uuidInput, resourceGroup: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]) },
    { additionalProperties: false },
  ),
  resource: {
    find: ({ certificateId }, { certificates }, caller) => certificates.find(caller.accountId, certificateId),
    attributes: ({ certificateId }, certificate: Certificate | undefined) => ({
      ...attributes(certificate, certificateId),
      type: 'cert',
    }),
    missing: ({ certificateId }) => notFound(certificateId),
  },
  problems: ['CertificateNotFound', 'CertificateChanged', 'ResourceGroupNotFound'],
  async run({ resourceGroup }, certificate, { certificates, iam }, { accountId }) {
    const group = resourceGroup === null ? undefined : await resourceGroupNamed(iam, accountId, resourceGroup)
    const { id: enterpriseProjectId, groupId: resourceGroupId } = group ?? { id: '0', groupId: '' }
    return {
      answer: {},
      writes: [
        certificates.replace(
          certificate,
          { ...certificate, enterpriseProjectId, resourceGroupId },
          problem('CertificateChanged'),
        ),
      ],
      audit: {
        objectType: 'certificate',
        objectId: certificate.id,
        facts: { from: certificate.enterpriseProjectId, to: enterpriseProjectId },
      },
    }
  },
})
