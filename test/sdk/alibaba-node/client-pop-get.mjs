import { runPopCore } from './pop-core.mjs'

await runPopCore('GET')
