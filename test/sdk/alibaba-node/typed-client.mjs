import { timeoutMs } from './harness.mjs'

/** Query parameters of the SDK's own methods travel in the URL, these in a form body (three operations of 2020-06-30). */
const formParameters = ['ClientToken']

/**
 * A function that calls operations through a generated client: by its typed method where the client has one, else (the
 * private CA's version 2020-06-30, which npm has no client for; and calls with headers of their own) through `callApi`,
 * with what a generated method would hand to it.
 *
 * @param sdk the client package: its default export and request classes
 * @param core the package under it: OpenApiRequest, Params, and `query` that flattens
 * @param cast fills a request class from names of the wire
 * @param RuntimeOptions class of per-call options
 */
export function typedClient({ sdk, core, query, cast, RuntimeOptions }, config, { apiVersion }) {
  const client = new sdk.default(config)
  const runtime = new RuntimeOptions({ readTimeout: timeoutMs, connectTimeout: timeoutMs })

  return async ({ action, parameters, headers }) => {
    const method = `${action[0].toLowerCase()}${action.slice(1)}WithOptions`
    if (headers === undefined && apiVersion === '2020-04-07' && typeof client[method] === 'function') {
      const Request = sdk[`${action}Request`]
      const response = Request
        ? await client[method](cast(parameters, new Request({})), runtime)
        : await client[method](runtime)
      return { status: response.statusCode, body: response.body.toMap() }
    }

    const entries = Object.entries(parameters)
    const inForm = ([name]) => formParameters.includes(name)
    const request = new core.OpenApiRequest({
      ...(headers && { headers }),
      query: query(Object.fromEntries(entries.filter((entry) => !inForm(entry)))),
      ...(entries.some(inForm) && { body: Object.fromEntries(entries.filter(inForm)) }),
    })
    const params = new core.Params({
      action,
      version: apiVersion,
      protocol: 'HTTPS',
      pathname: '/',
      method: 'POST',
      authType: 'AK',
      style: 'RPC',
      reqBodyType: 'formData',
      bodyType: 'json',
    })
    const response = await client.callApi(params, request, runtime)
    return { status: response.statusCode, body: response.body }
  }
}
