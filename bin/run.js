// @ts-check
// node bin/run.js <file> [arguments]: runs a JavaScript file with a good Node, whichever `node` npm was started with.
import { endLike, fail, runScript } from './launch.js'

const [file, ...args] = process.argv.slice(2)
if (file) {
  runScript(file, args).then(endLike).catch(fail)
} else {
  console.error('usage: node bin/run.js <file> [arguments]')
  process.exitCode = 2
}
