import sdk from '@alicloud/cas20200407'
import openapi from '@alicloud/openapi-core'
import dara from '@darabonba/typescript'
import { answerCalls } from './harness.mjs'
import { typedClient } from './typed-client.mjs'

/** Calls through @alicloud/cas20200407 3.x; `options` are further settings of its Config. */
export async function runSdk3(options) {
  const packages = {
    sdk,
    core: openapi.$OpenApiUtil,
    query: (map) => openapi.OpenApiUtil.query(map),
    cast: dara.cast,
    RuntimeOptions: dara.RuntimeOptions,
  }
  await answerCalls((target) => {
    const { host: endpoint, protocol, accessKeyId, accessKeySecret, securityToken } = target
    const config = new openapi.$OpenApiUtil.Config({
      endpoint,
      protocol,
      accessKeyId,
      accessKeySecret,
      securityToken,
      ...options,
    })
    return typedClient(packages, config, target)
  })
}
