import { operations } from '../operations.ts'
import { AlibabaWireError, commonErrors } from './errors.ts'
import { ignored, text, type Parameter } from './parameters.ts'
import { wireOperation } from './wire-operation.ts'

/** Contract alibaba-ram §6: this product has its own names for what is wrong with a parameter. */
const invalid = (name: string, rule: string): AlibabaWireError =>
  new AlibabaWireError({
    status: 400,
    code: `InvalidParameter.${name}`,
    message: `The parameter ${name} is not valid: ${rule}`,
  })

/** An empty value is an absent one, as everywhere. `parse` gives undefined for what it cannot read. */
const parameter = <Value>(
  parse: (text: string) => Value | undefined,
  { code, rule }: { code?: string; rule: string },
): Parameter<Value | undefined> => ({
  ...text,
  read(parameters, name) {
    const given = parameters.get(name)
    if (given === undefined || given === '') return undefined
    const value = parse(given)
    if (value === undefined) throw invalid(code ?? name, rule)
    return value
  },
})

const needed = <Value>(optional: Parameter<Value | undefined>): Parameter<Value> => ({
  ...optional,
  required: true,
  read(parameters, name) {
    const value = optional.read(parameters, name)
    if (value !== undefined) return value
    throw name === 'RoleSessionName'
      ? new AlibabaWireError({ status: 400, code: 'MissingRoleSessionName', message: 'RoleSessionName is mandatory.' })
      : new AlibabaWireError({
          ...commonErrors.MissingParameter,
          code: `Missing${name}`,
          message: `${name} is mandatory.`,
        })
  },
})

const matching = (pattern: RegExp) => (value: string) => (pattern.test(value) ? value : undefined)

const arn = parameter(
  (value) => {
    const found = /^acs:ram::(\d{1,20}):role\/([A-Za-z0-9][A-Za-z0-9._@-]{0,63})$/.exec(value)
    return found ? { accountId: found[1]!, roleName: found[2]! } : undefined
  },
  { rule: 'it is written acs:ram::<account>:role/<name>.' },
)
const sessionName = parameter(matching(/^[A-Za-z0-9.@_-]{2,64}$/), {
  rule: 'it has 2 to 64 letters, digits and ".@_-".',
})
const seconds = parameter(
  (value) =>
    /^[1-9]\d{2,5}$/.test(value) && Number(value) >= 900 && Number(value) <= 43_200 ? Number(value) : undefined,
  { rule: 'it is a number of seconds from 900 to 43200.' },
)
const policy = parameter((value) => (value.length <= 2_048 ? value : undefined), {
  code: 'PolicySize',
  rule: 'it has 2048 characters at most.',
})
const externalId = parameter(matching(/^[\w=,.@:/-]{2,1224}$/), {
  rule: 'it has 2 to 1224 letters, digits and "=,.@:/_-".',
})

/** STS AssumeRole, version 2015-04-01. */
export const assumeRole = wireOperation({
  parameters: {
    RoleArn: needed(arn),
    RoleSessionName: needed(sessionName),
    DurationSeconds: seconds,
    Policy: policy,
    ExternalId: externalId,
    SourceIdentity: ignored,
  },
  operation: operations.AssumeRole,
  fields: {
    account: 'RoleArn',
    roleName: 'RoleArn',
    sessionName: 'RoleSessionName',
    durationSeconds: 'DurationSeconds',
    policy: 'Policy',
    externalId: 'ExternalId',
  },
  ramCode: 'sts',
  input: ({ RoleArn, RoleSessionName, DurationSeconds, Policy, ExternalId }) => ({
    account: { id: RoleArn.accountId },
    roleName: RoleArn.roleName,
    sessionName: RoleSessionName,
    ...(DurationSeconds === undefined ? {} : { durationSeconds: DurationSeconds }),
    ...(Policy === undefined ? {} : { policy: Policy }),
    ...(ExternalId === undefined ? {} : { externalId: ExternalId }),
  }),
  members: ({ role, sessionName, accessKeyId, accessKeySecret, securityToken, expiresAt }) => ({
    AssumedRoleUser: {
      Arn: `acs:ram::${role.accountId}:role/${role.name}/${sessionName}`,
      AssumedRoleId: `${role.decimalId}:${sessionName}`,
    },
    Credentials: {
      AccessKeyId: accessKeyId,
      AccessKeySecret: accessKeySecret,
      SecurityToken: securityToken,
      Expiration: new Date(expiresAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    },
  }),
})
