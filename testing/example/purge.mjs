// A job that deletes expired certificates, tried over thirty days, by Alibaba Cloud's own client:
//   npm install --save-dev certkeep @alicloud/cas20200407 && node --test purge.mjs
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Cas, { DeleteUserCertificateRequest, ListUserCertificateOrderRequest } from '@alicloud/cas20200407'
import OpenApi from '@alicloud/openapi-core'
import { startCertkeep } from 'certkeep/testing'

let certkeep
let client
before(async () => {
  certkeep = await startCertkeep({
    seed: { cas: [{ name: 'Root', certificates: [{ name: 'shop.example.test', validity: '30d', upload: true }] }] },
  })
  const { accessKeyId, accessKeySecret } = certkeep.credentials
  const { endpoint } = certkeep
  client = new Cas.default(
    new OpenApi.$OpenApiUtil.Config({ endpoint, protocol: 'http', accessKeyId, accessKeySecret }),
  )
})
after(() => certkeep.stop())

/** The job: deletes what has expired, and tells which. */
async function purge() {
  const request = new ListUserCertificateOrderRequest({ orderType: 'UPLOAD', status: 'EXPIRED' })
  const { body } = await client.listUserCertificateOrder(request)
  for (const { certificateId } of body.certificateOrderList)
    await client.deleteUserCertificate(new DeleteUserCertificateRequest({ certId: certificateId }))
  return body.certificateOrderList.map(({ name }) => name)
}

test('a certificate is deleted when it has expired, and not before', async () => {
  await certkeep.advance('29d')
  assert.deepEqual(await purge(), [])
  await certkeep.advance('1d1h')
  await certkeep.fault({ operation: 'DeleteUserCertificate', status: 400, code: 'OperationDenied', message: 'no' })
  await assert.rejects(purge(), { code: 'OperationDenied' })
  assert.deepEqual(await purge(), ['shop.example.test'])
  assert.deepEqual(await purge(), [])
})
