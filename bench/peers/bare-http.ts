import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Peer } from './cfssl.ts'

/** The least that Node can do for a request: a fixed JSON answer, on as many threads as the service has. */
export async function startBareHttp(threads: number): Promise<Peer> {
  let port = 0
  const workers: Worker[] = []
  for (let index = 0; index < threads; index++) {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { port } })
    port = await new Promise<number>((resolve) => worker.once('message', resolve))
    workers.push(worker)
  }
  return {
    address: `127.0.0.1:${port}`,
    version: `node:http of ${process.version}`,
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

if (!isMainThread) {
  const body = JSON.stringify({ RequestId: '3E50D480-9765-5CFD-9650-9BACCECA5135', CertificateOrderList: [] })
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => {
      response.setHeader('content-type', 'application/json;charset=utf-8')
      response.end(body)
    })
  })
  server.listen({ host: '127.0.0.1', port: (workerData as { port: number }).port, reusePort: true }, () =>
    parentPort!.postMessage((server.address() as { port: number }).port),
  )
}
