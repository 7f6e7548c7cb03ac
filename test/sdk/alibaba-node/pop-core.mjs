import popCore from '@alicloud/pop-core'
import { printOutcome, readCall, readTarget, timeoutMs } from './harness.mjs'

/** One call through @alicloud/pop-core: signature v1, all in the query (GET) or all in the form body (POST). */
export async function runPopCore(method) {
  const { origin: endpoint, apiVersion, accessKeyId, accessKeySecret, securityToken } = readTarget()
  const verbose = true
  const client = new popCore.RPCClient({ endpoint, apiVersion, accessKeyId, accessKeySecret, securityToken }, verbose)
  await printOutcome(async () => {
    const { action, parameters } = readCall()
    const [body, entry] = await client.request(action, parameters, { method, timeout: timeoutMs })
    return { status: entry.response.statusCode, body }
  })
}
