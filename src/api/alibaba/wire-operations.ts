import { deleteUserCertificate } from './delete-user-certificate.ts'
import { getUserCertificateDetail } from './get-user-certificate-detail.ts'
import { assumeRole } from './assume-role.ts'
import { getCallerIdentity } from './get-caller-identity.ts'
import { listUserCertificateOrder } from './list-user-certificate-order.ts'
import { uploadUserCertificate } from './upload-user-certificate.ts'
import type { WireOperation } from './wire-operation.ts'

/** What is served, by version and action: the same action can mean different things in two versions. */
export const wireOperations: Readonly<Record<string, Readonly<Record<string, WireOperation>>>> = {
  // The product `sts`, which shares host and signatures with the others.
  '2015-04-01': { AssumeRole: assumeRole, GetCallerIdentity: getCallerIdentity },
  '2020-04-07': {
    DeleteUserCertificate: deleteUserCertificate,
    GetUserCertificateDetail: getUserCertificateDetail,
    ListUserCertificateOrder: listUserCertificateOrder,
    UploadUserCertificate: uploadUserCertificate,
  },
  '2020-06-30': {},
}

/** The operation, or why there is none: a name that a caller chooses never reaches a prototype. */
export function findWireOperation(
  version: string,
  action: string,
): WireOperation | 'InvalidVersion' | 'InvalidAction.NotFound' {
  const actions = Object.hasOwn(wireOperations, version) ? wireOperations[version] : undefined
  if (!actions) return 'InvalidVersion'
  return (Object.hasOwn(actions, action) ? actions[action] : undefined) ?? 'InvalidAction.NotFound'
}
