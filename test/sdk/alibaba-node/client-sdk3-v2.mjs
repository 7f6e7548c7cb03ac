// @alicloud/cas20200407 3.x with signatureAlgorithm 'v2', which is signature v1 on the wire.
import { runSdk3 } from './sdk3.mjs'

await runSdk3({ signatureAlgorithm: 'v2' })
