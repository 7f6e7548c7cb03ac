/**
 * What the clients here have in common: where to call, with which key, what to call, and how to say what happened.
 *
 *   CERTKEEP_TEST_ENDPOINT           http://127.0.0.1:8080 (without a scheme: http)
 *   CERTKEEP_TEST_ACCESS_KEY_ID      CERTKEEP_TEST_ACCESS_KEY_SECRET
 *   CERTKEEP_TEST_SECURITY_TOKEN     with temporary keys
 *   CERTKEEP_TEST_API_VERSION        2020-04-07 unless set
 *
 * Arguments: the operation, and its parameters as JSON with the names of the wire: DeleteUserCertificate '{"CertId":1}'
 */

/** The vendor's 3 s are too short for a loaded build machine. */
export const timeoutMs = 20_000

export function readCall() {
  const [action, parameters = '{}'] = process.argv.slice(2)
  if (!action) throw new Error('usage: node client-….mjs <operation> [parameters as JSON]')
  return { action, parameters: JSON.parse(parameters) }
}

export function readTarget() {
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

/**
 * Makes the call and prints one line of JSON: {ok: true, status, body} or {ok: false, code, statusCode, message, …}.
 * A refusal is an outcome like another: the exit status is 0.
 */
export async function printOutcome(call) {
  try {
    const { status, body } = await call()
    print({ ok: true, status, body })
  } catch (error) {
    const { name, code, message, data, accessDeniedDetail, retryAfter, description, detail } = error
    const statusCode = error.statusCode ?? error.entry?.response?.statusCode ?? data?.statusCode
    print({ ok: false, name, code, statusCode, message, data, accessDeniedDetail, retryAfter, description, detail })
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
