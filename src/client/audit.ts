import { baseUrl, send } from './client.ts'
import { ServiceError } from './errors.ts'

/** What the service says of its audit log to anybody: its key, or its checkpoint. @throws ServiceError, NotReachable, AddressError */
export async function auditText(service: string, what: 'key' | 'checkpoint'): Promise<string> {
  const { status, text } = await send(new URL(`/audit/${what}`, baseUrl(service)), {})
  if (status !== 200)
    throw new ServiceError(status, 'AuditLogNotFound', `there is no ${what} of an audit log there`, undefined)
  return text
}
