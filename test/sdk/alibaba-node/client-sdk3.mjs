// @alicloud/cas20200407 3.x as it comes: signature ACS3-HMAC-SHA256.
import { runSdk3 } from './sdk3.mjs'

await runSdk3({})
