import Type from 'typebox'
import { uuidInput } from '../issuance/index.ts'
import type { ResourceRule } from '../kernel/index.ts'
import type { Certificate } from './certificate.ts'
import { problem } from './problems.ts'
import type { CertificateStore } from './store.ts'

export const certificateIdInput = Type.Object({ certificateId: uuidInput }, { additionalProperties: false })

export const notFound = (certificateId: string) => problem('CertificateNotFound', { certificateId })

export const attributes = (certificate: Certificate | undefined, id: string) => ({
  id,
  tags: certificate?.tags,
  enterpriseProjectId: certificate?.enterpriseProjectId,
  resourceGroupId: certificate?.resourceGroupId,
})

/** A private certificate by its UUID: one that a CA of ours issued. The cloud's table gives these calls no resource name. */
export const thePrivateCertificate = <Input extends { certificateId: string }>(): ResourceRule<
  Input,
  Certificate,
  { certificates: CertificateStore }
> => ({
  async find({ certificateId }, { certificates }, caller) {
    const found = await certificates.find(caller.accountId, certificateId)
    return found?.source === 'issued' ? found : undefined
  },
  attributes: ({ certificateId }, certificate) => attributes(certificate, certificateId),
  missing: ({ certificateId }) => notFound(certificateId),
})

/** A certificate of the repository by its number: uploaded or issued. */
export const theRepositoryCertificate = <Input extends { number: bigint }>(): ResourceRule<
  Input,
  Certificate,
  { certificates: CertificateStore }
> => ({
  // Read as a bigint, so that an id which no double can hold is unknown instead of being rounded onto somebody's.
  find: async ({ number }, { certificates }, caller) =>
    number > BigInt(Number.MAX_SAFE_INTEGER) || number < 0n
      ? undefined
      : certificates.findByNumber(caller.accountId, Number(number)),
  attributes: ({ number }, certificate) => ({ ...attributes(certificate, String(number)), type: 'cert' }),
  missing: ({ number }) => notFound(String(number)),
})
