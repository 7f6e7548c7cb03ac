import { runPopCore } from './pop-core.mjs'

await runPopCore('POST')
