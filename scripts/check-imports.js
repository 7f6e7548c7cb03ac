// @ts-check
// Who may know whom: the rules of .dependency-cruiser.cjs over src/ and console/, two readable lines per offence.
import { existsSync, globSync } from 'node:fs'
import { join, sep } from 'node:path'
import { cruise } from 'dependency-cruiser'
import rules from '../.dependency-cruiser.cjs'
import { root } from '../bin/node.js'

/**
 * @param {string} folder a tree like ours
 * @returns {Promise<{ files: number, offences: string[] }>} how many files were read, and what is wrong with them
 */
export async function checkImports(folder) {
  const places = ['src', 'console'].filter((place) => existsSync(join(folder, place)))
  const ruleSet = { forbidden: rules.forbidden }
  const { output } = await cruise(places, { ...rules.options, baseDir: folder, ruleSet, validate: true })
  if (typeof output === 'string') throw new Error(output)

  const offences = output.summary.violations.map(({ rule, from, to, cycle }) => {
    const route = cycle ? cycle.map(({ name }) => name) : [to]
    const comment = rules.forbidden.find(({ name }) => name === rule.name)?.comment
    return `${[from, ...route].join(' → ')}\n    ${comment} (${rule.name})`
  })

  const files = globSync('{src,console}/**/*.{ts,tsx}', { cwd: folder, exclude: ['**/node_modules', '**/*.d.ts'] }).map(
    (file) => file.split(sep).join('/'),
  )
  const ruled = new Set(rules.forbidden.map(({ name }) => name))
  const modules = new Set(
    files.map((file) => /^src\/([^/]+)\//.exec(file)?.[1]).filter((module) => module !== undefined),
  )
  for (const module of modules) {
    if (ruled.has(`${module}-knows-too-much`)) continue
    offences.push(
      `src/${module}/\n    Nothing says whom it may know: list it in .dependency-cruiser.cjs. (unknown-module)`,
    )
  }
  // With a TypeScript it cannot work with, dependency-cruiser reads nothing, finds nothing wrong and is content.
  const read = new Set(output.modules.map(({ source }) => source))
  const unread = files.filter((file) => !read.has(file))
  if (unread.length > 0) {
    offences.push(
      `${unread[0]} and others, ${unread.length} of ${files.length} files\n    They were not read. (unread)`,
    )
  }
  if (files.length === 0) offences.push('src/\n    There is nothing in it. (unread)')
  return { files: files.length, offences }
}

if (import.meta.main) {
  const { files, offences } = await checkImports(root)
  for (const offence of offences) console.log(offence)
  console.log(`${files} files, ${offences.length} imports that must not be`)
  if (offences.length > 0) process.exitCode = 1
}
