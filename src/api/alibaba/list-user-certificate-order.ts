import { operations } from '../operations.ts'
import { certificateMembers, instanceIdPrefixes, shown } from './certificate-members.ts'
import { count, ignored, oneOf, text } from './parameters.ts'
import { wireOperation } from './wire-operation.ts'

/** The service's own number of days is not known: docs/divergences/alibaba.md. */
const willExpireDays = 30
const maxShowSize = 1_000
/** The last page whose first row has a number that can be counted exactly. */
const maxPage = Math.floor(Number.MAX_SAFE_INTEGER / maxShowSize)

const validBeyond = { state: 'valid', expiringAfterDays: willExpireDays } as const
const validWithin = { state: 'valid', expiringWithinDays: willExpireDays } as const

/** The core's filter behind each state of certificates; states of orders have none. */
const filters = {
  ISSUED: validBeyond,
  WILLEXPIRED: validWithin,
  EXPIRED: { state: 'expired' },
  REVOKED: { state: 'revoked' },
  PAYED: undefined,
  CHECKING: undefined,
  CHECKED_FAIL: undefined,
  NOTACTIVATED: undefined,
} as const

type Status = keyof typeof filters

/**
 * ListUserCertificateOrder, version 2020-04-07: certificates with OrderType UPLOAD and CERT. There are no orders here,
 * so with CPACK (the default) and BUY, and with states that only orders have, the list is empty.
 */
export const listUserCertificateOrder = wireOperation({
  parameters: {
    OrderType: oneOf('CPACK', 'BUY', 'UPLOAD', 'CERT'),
    Status: oneOf(...(Object.keys(filters) as Status[])),
    Keyword: text,
    ResourceGroupId: text,
    CurrentPage: count({ min: 1, max: maxPage }),
    ShowSize: count({ min: 1, max: maxShowSize }),
    SourceIp: ignored,
  },
  operation: operations.ListRepositoryCertificates,
  fields: {
    state: 'Status',
    expiringWithinDays: 'Status',
    expiringAfterDays: 'Status',
    uploadedOnly: 'OrderType',
    ordersOnly: 'OrderType',
    keyword: 'Keyword',
    resourceGroupId: 'ResourceGroupId',
    limit: 'ShowSize',
    offset: 'CurrentPage',
  },

  input(values) {
    const { Keyword, ResourceGroupId } = values
    const { page, size } = pageOf(values)
    const keyword = Keyword === undefined ? undefined : keywordFor(Keyword)
    return {
      uploadedOnly: values.OrderType === 'UPLOAD',
      ...(certificatesAreMeant(values) ? {} : { ordersOnly: true }),
      ...(values.Status === undefined ? { state: 'valid' as const } : filters[values.Status]),
      ...(keyword === undefined ? {} : { keyword }),
      ...(ResourceGroupId === undefined ? {} : { resourceGroupId: ResourceGroupId }),
      offset: (page - 1) * size,
      limit: size,
    }
  },

  members({ rows, total }, now, values) {
    const { page, size } = pageOf(values)
    return {
      CurrentPage: page,
      ShowSize: size,
      TotalCount: total,
      CertificateOrderList: rows.map(({ certificate }) => ({
        ...certificateMembers(certificate, now),
        CertificateId: certificate.number,
        CommonName: shown(certificate.commonName),
        Upload: certificate.source === 'uploaded',
      })),
    }
  },
})

const pageOf = ({
  CurrentPage = 1,
  ShowSize = 50,
}: {
  CurrentPage?: number | undefined
  ShowSize?: number | undefined
}) => ({
  page: CurrentPage,
  size: ShowSize,
})

const certificatesAreMeant = ({
  OrderType,
  Status,
}: {
  OrderType?: string | undefined
  Status?: Status | undefined
}): boolean =>
  (OrderType === 'UPLOAD' || OrderType === 'CERT') && (Status === undefined || filters[Status] !== undefined)

/** The core looks into ids, which instance ids are made of. */
function keywordFor(keyword: string): string | undefined {
  const prefix = Object.values(instanceIdPrefixes).find((each) => keyword.startsWith(each)) ?? ''
  return shown(keyword.slice(prefix.length))
}
