#!/usr/bin/env node
// @ts-check
import { fail, runCertkeep } from './launch.js'

runCertkeep(process.argv.slice(2)).catch(fail)
