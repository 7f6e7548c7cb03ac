import popCore from '@alicloud/pop-core'
import { answerCalls, timeoutMs } from './harness.mjs'

/** Calls through @alicloud/pop-core: signature v1, all in the query (GET) or all in the form body (POST). */
export async function runPopCore(method) {
  await answerCalls(({ origin: endpoint, apiVersion, accessKeyId, accessKeySecret, securityToken }) => {
    const verbose = true
    const client = new popCore.RPCClient({ endpoint, apiVersion, accessKeyId, accessKeySecret, securityToken }, verbose)
    return async ({ action, parameters }) => {
      const [body, entry] = await client.request(action, parameters, { method, timeout: timeoutMs })
      return { status: entry.response.statusCode, body }
    }
  })
}
