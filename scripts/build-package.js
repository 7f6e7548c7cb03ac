// @ts-check
// node bin/run.js scripts/build-package.js [folder]: makes the package that others install, certkeep-<version>.tgz, in the
// folder (default: here); with --dist-only only dist/, here, as a prepack of package.json needs it. Node strips no types under node_modules, so what is published is JavaScript: dist/ is src/ with
// its types stripped, file by file and line by line, and nothing else done to it.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { root } from '../bin/node.js'

/** What goes along as it is: the launcher without what only a checkout needs, and the documents. */
const copied = ['bin/certkeep.js', 'bin/launch.js', 'bin/node.js', 'docs', 'LICENSE', 'README.md']

/** Of package.json; devDependencies, scripts, overrides and `private` are for the checkout alone. */
const kept = /** @type {const} */ ([
  'name',
  'version',
  'description',
  'license',
  'type',
  'engines',
  'bin',
  'dependencies',
  'optionalDependencies',
])

/**
 * Lays the package out in a folder, which must be empty or absent.
 * @param {string} folder
 */
function stagePackage(folder) {
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true })
  chmodSync(join(folder, 'bin', 'certkeep.js'), 0o755)
  buildDist(join(folder, 'dist'))
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const published = Object.fromEntries(kept.filter((name) => name in manifest).map((name) => [name, manifest[name]]))
  const files = ['bin', 'dist', 'docs']
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...published, files }, null, 2)}\n`)
}

/**
 * Fills a folder with the JavaScript of src/.
 * @param {string} dist
 */
function buildDist(dist) {
  const sources = globSync('src/**/*.ts', {
    cwd: root,
    exclude: (name) => /[.](?:test|fixture)[.]ts$|test-support/.test(name),
  })
  for (const source of sources) {
    const target = join(dist, relative('src', source).replace(/[.]ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, javaScriptOf(readFileSync(join(root, source), 'utf8')))
  }
}

/** A relative specifier of an import or export, static or dynamic. */
const specifier = /((?:\bfrom|\bimport)\s*\(?\s*)(['"])([.]{1,2}\/[^'"\n]*)[.]ts\2/g

/**
 * The JavaScript of a TypeScript file: types become spaces, so that lines and columns stay, and our own files are
 * imported as `.js`.
 * @param {string} typeScript
 */
export function javaScriptOf(typeScript) {
  return stripTypeScriptTypes(typeScript, { mode: 'strip' }).replaceAll(specifier, '$1$2$3.js$2')
}

/**
 * Makes the tarball, and gives its path.
 * @param {string} folder
 */
export function buildPackage(folder) {
  const staging = mkdtempSync(join(tmpdir(), 'certkeep-package-'))
  try {
    stagePackage(staging)
    mkdirSync(folder, { recursive: true })
    const packed = spawnSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: staging,
      encoding: 'utf8',
    })
    if (packed.status !== 0) throw new Error(`npm pack failed: ${packed.stderr}`)
    const { name, version } = JSON.parse(readFileSync(join(staging, 'package.json'), 'utf8'))
    return join(folder, `${name}-${version}.tgz`)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const [argument = '.'] = process.argv.slice(2)
  if (argument === '--dist-only') {
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    buildDist(join(root, 'dist'))
  } else {
    console.log(buildPackage(resolve(argument)))
  }
}
