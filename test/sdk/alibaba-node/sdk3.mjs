import sdk from '@alicloud/cas20200407'
import openapi from '@alicloud/openapi-core'
import dara from '@darabonba/typescript'
import { printOutcome, readCall, readTarget } from './harness.mjs'
import { callTyped } from './typed-client.mjs'

/** One call through @alicloud/cas20200407 3.x; `options` are further settings of its Config. */
export async function runSdk3(options) {
  const target = readTarget()
  const { host: endpoint, protocol, accessKeyId, accessKeySecret, securityToken } = target
  const packages = {
    sdk,
    core: openapi.$OpenApiUtil,
    query: (map) => openapi.OpenApiUtil.query(map),
    cast: dara.cast,
    RuntimeOptions: dara.RuntimeOptions,
  }
  const config = new openapi.$OpenApiUtil.Config({
    endpoint,
    protocol,
    accessKeyId,
    accessKeySecret,
    securityToken,
    ...options,
  })
  await printOutcome(() => callTyped(packages, config, target, readCall()))
}
