import { type Dialect } from './answer.ts'
import { HuaweiWireError, iamErrors, pcaErrors, scmErrors, type WireCode } from './errors.ts'
import { headerTable, type HuaweiRequest } from './request.ts'

/** By which a signed request asks for a dry run: `true`, or `false` for none. */
export const dryRunHeader = 'x-certkeep-dry-run'

const refusedAs: Record<Dialect, WireCode> = {
  pca: pcaErrors.parameterInvalid,
  scm: scmErrors.parameterInvalid,
  iam: iamErrors.badRequest,
}

/**
 * Whether the caller wants to know and not to act. A wish that we misread would act for real, so every spelling but one is refused, and
 * so is one that the signature does not cover (a token covers nothing): somebody on the way could have taken it off.
 * @param signedHeaders of a signature that held, in lower case
 * @throws HuaweiWireError
 */
export function dryRunOf(
  { rawHeaders, target }: Pick<HuaweiRequest, 'rawHeaders' | 'target'>,
  signedHeaders: ReadonlySet<string>,
  dialect: Dialect,
): boolean {
  const refuse = (reason: string) => new HuaweiWireError(refusedAs[dialect], `${reason}; nothing was done`)
  const headers = headerTable(rawHeaders)
  if (headers.has('x-acs-certkeep-dry-run') || /[?&]dry[-_]?run(?:[=&]|$)/i.test(target))
    throw refuse('here a dry run is asked for by the signed header X-Certkeep-Dry-Run')
  const values = headers.get(dryRunHeader)
  if (values === undefined) return false
  if (!signedHeaders.has(dryRunHeader)) throw refuse('X-Certkeep-Dry-Run must be among the SignedHeaders')
  if (values.length > 1 || (values[0] !== 'true' && values[0] !== 'false'))
    throw refuse('X-Certkeep-Dry-Run must be true or false')
  return values[0] === 'true'
}
