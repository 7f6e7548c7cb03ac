/**
 * What the clients here have in common: where to call, with which key, what to call, and how to say what happened.
 *
 *   CERTKEEP_TEST_ENDPOINT           http://127.0.0.1:8080 (without a scheme: http)
 *   CERTKEEP_TEST_ACCESS_KEY_ID      CERTKEEP_TEST_ACCESS_KEY_SECRET
 *   CERTKEEP_TEST_SECURITY_TOKEN     with temporary keys
 *   CERTKEEP_TEST_API_VERSION        2020-04-07 unless set
 *
 * Arguments: the operation, and its parameters as JSON with the names of the wire: DeleteUserCertificate '{"CertId":1}'
 * Or `--lines`: a call per line of stdin, {"id", "action", "parameters", "credentials"}, all of them at once; each answer
 * is a line with the call's id, in the order in which they come. "credentials" holds another "accessKeyId" and
 * "accessKeySecret" for this call.
 */
import { createInterface } from 'node:readline'

/** The vendor's 3 s are too short for a loaded build machine. */
export const timeoutMs = 20_000

/**
 * Makes the calls that arguments or stdin name. Each outcome is a line of JSON, {ok: true, status, body} or
 * {ok: false, code, statusCode, message, …}. A refusal is an outcome like another: the exit status is 0.
 *
 * @param clientOf gives for a target a function that makes one call, ({action, parameters}) => ({status, body})
 */
export async function answerCalls(clientOf) {
  const target = readTarget()
  const [action, parameters = '{}'] = process.argv.slice(2)
  if (!action) throw new Error('usage: node client-….mjs --lines | <operation> [parameters as JSON]')
  if (action !== '--lines')
    return print(await outcomeOf(clientOf(target), { action, parameters: JSON.parse(parameters) }))

  const clients = new Map()
  const clientFor = (credentials = {}) => {
    const key = JSON.stringify(credentials)
    if (!clients.has(key)) clients.set(key, clientOf({ ...target, ...credentials }))
    return clients.get(key)
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, credentials, ...call } = JSON.parse(line)
    void outcomeOf(clientFor(credentials), { parameters: {}, ...call }).then((outcome) => print({ id, ...outcome }))
  }
}

function readTarget() {
  const endpoint = required('CERTKEEP_TEST_ENDPOINT')
  const url = new URL(endpoint.includes('://') ? endpoint : `http://${endpoint}`)
  return {
    origin: url.origin,
    host: url.host,
    protocol: url.protocol.slice(0, -1),
    accessKeyId: required('CERTKEEP_TEST_ACCESS_KEY_ID'),
    accessKeySecret: required('CERTKEEP_TEST_ACCESS_KEY_SECRET'),
    securityToken: process.env.CERTKEEP_TEST_SECURITY_TOKEN,
    apiVersion: process.env.CERTKEEP_TEST_API_VERSION ?? '2020-04-07',
  }
}

async function outcomeOf(client, call) {
  try {
    const { status, body } = await client(call)
    return { ok: true, status, body }
  } catch (error) {
    const { name, code, message, data, accessDeniedDetail, retryAfter, description, detail } = error
    const statusCode = error.statusCode ?? error.entry?.response?.statusCode ?? data?.statusCode
    return { ok: false, name, code, statusCode, message, data, accessDeniedDetail, retryAfter, description, detail }
  }
}

function print(outcome) {
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}

function required(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}
