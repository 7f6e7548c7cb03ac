import { describe, expect, test } from 'vitest'
import { AddressError, CredentialsError, NotReachable, ServiceError } from '../client/index.ts'
import { Declined, UsageError } from './errors.ts'
import { exitCodeOf } from './exit-codes.ts'

const answer = (status: number, code: string) => new ServiceError(status, code, 'why', 'id')

describe('exit codes', () => {
  test.each([
    [1, 'a refusal without a code of its own', answer(400, 'InputInvalid')],
    [1, 'a failure', answer(500, 'InternalError')],
    [1, 'throttled', answer(429, 'Throttled')],
    [1, 'a 404 of something that is no Certkeep', answer(404, 'UnexpectedAnswer')],
    [1, 'declined by the person', new Declined('no')],
    [1, 'a bug', new TypeError('oops')],
    [2, 'wrong usage', new UsageError('no')],
    [2, 'no address', new AddressError('no')],
    [3, 'not reachable', new NotReachable('no')],
    [4, 'no credentials', new CredentialsError('no')],
    [4, 'unauthenticated', answer(401, 'Unauthenticated')],
    [4, 'not permitted', answer(403, 'AccessDenied')],
    [4, 'secrets over plain HTTP', answer(400, 'InsecureTransport')],
    [5, 'no such CA', answer(404, 'CaNotFound')],
    [5, 'no such operation', answer(404, 'OperationNotFound')],
    [6, 'changed meanwhile', answer(409, 'ChangedMeanwhile')],
  ])('%i: %s', (code, _what, error) => {
    expect(exitCodeOf(error)).toBe(code)
  })

  test.each([
    'CaStateForbids',
    'CertificateStateForbids',
    'CaRevoked',
    'CaKeyIsOutside',
    'IssuerUnusable',
    'NameTaken',
    'UserNameTaken',
    'PolicyNameTaken',
    'AlreadyRevoked',
    'NotRevocable',
    'StillValid',
    'IssuerKeyDestroyed',
    'PolicyNotAttached',
    'AccessKeyLimit',
  ])('6: %s, though the door says 400', (code) => {
    expect(exitCodeOf(answer(400, code))).toBe(6)
  })

  test.each(['InputInvalid', 'LintForbids', 'KeyRefused', 'PolicyInvalid', 'ValidityInvalid', 'Unavailable'])(
    '1: %s, which says nothing of a state',
    (code) => {
      expect(exitCodeOf(answer(400, code))).toBe(1)
    },
  )
})
