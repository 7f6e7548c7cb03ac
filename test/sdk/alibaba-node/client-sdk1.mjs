// @alicloud/cas20200407 1.x (openapi-client 0.4): signature ACS3-HMAC-SHA256.
import sdk from '@alicloud/cas20200407-v1'
import openapi from '@alicloud/openapi-client'
import openapiUtil from '@alicloud/openapi-util'
import tea from '@alicloud/tea-typescript'
import teaUtil from '@alicloud/tea-util'
import { answerCalls } from './harness.mjs'
import { typedClient } from './typed-client.mjs'

const packages = {
  sdk,
  core: openapi,
  query: (map) => openapiUtil.default.query(map),
  cast: tea.cast,
  RuntimeOptions: teaUtil.RuntimeOptions,
}
await answerCalls((target) => {
  const { host: endpoint, protocol, accessKeyId, accessKeySecret, securityToken } = target
  const config = new openapi.Config({ endpoint, protocol, accessKeyId, accessKeySecret, securityToken })
  return typedClient(packages, config, target)
})
