// @alicloud/cas20200407 1.x (openapi-client 0.4): signature ACS3-HMAC-SHA256.
import sdk from '@alicloud/cas20200407-v1'
import openapi from '@alicloud/openapi-client'
import openapiUtil from '@alicloud/openapi-util'
import tea from '@alicloud/tea-typescript'
import teaUtil from '@alicloud/tea-util'
import { printOutcome, readCall, readTarget } from './harness.mjs'
import { callTyped } from './typed-client.mjs'

const target = readTarget()
const { host: endpoint, protocol, accessKeyId, accessKeySecret, securityToken } = target
const packages = {
  sdk,
  core: openapi,
  query: (map) => openapiUtil.default.query(map),
  cast: tea.cast,
  RuntimeOptions: teaUtil.RuntimeOptions,
}
const config = new openapi.Config({ endpoint, protocol, accessKeyId, accessKeySecret, securityToken })
await printOutcome(() => callTyped(packages, config, target, readCall()))
