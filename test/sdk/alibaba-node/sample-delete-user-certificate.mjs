// DeleteUserCertificate through SDK 3.x in the shape of the samples that the vendor's API portal generates: a class with
// createClient and main, the answer or the error's message and help URL printed. Not a copy of the portal's file. Other
// than there: endpoint and protocol, the keys, and the certificate's id, which is the first argument.
import Cas20200407, * as $Cas20200407 from '@alicloud/cas20200407'
import OpenApi from '@alicloud/openapi-core'
import dara from '@darabonba/typescript'

class Client {
  /**
   * Initialises the client with the account's access key.
   */
  static createClient() {
    const config = new OpenApi.$OpenApiUtil.Config({
      accessKeyId: process.env.CERTKEEP_TEST_ACCESS_KEY_ID,
      accessKeySecret: process.env.CERTKEEP_TEST_ACCESS_KEY_SECRET,
    })
    const { host, protocol } = new URL(process.env.CERTKEEP_TEST_ENDPOINT)
    config.endpoint = host
    config.protocol = protocol.slice(0, -1)
    return new Cas20200407.default(config)
  }

  static async main(args) {
    const client = Client.createClient()
    const deleteUserCertificateRequest = new $Cas20200407.DeleteUserCertificateRequest({
      certId: Number(args[0]),
    })
    const runtime = new dara.RuntimeOptions({})
    try {
      const resp = await client.deleteUserCertificateWithOptions(deleteUserCertificateRequest, runtime)
      console.log(JSON.stringify(resp, null, 2))
    } catch (error) {
      console.log(error.message)
      console.log(error.data['Recommend'])
    }
  }
}

await Client.main(process.argv.slice(2))
