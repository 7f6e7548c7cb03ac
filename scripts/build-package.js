// @ts-check
// node bin/run.js scripts/build-package.js [folder]: makes the package that others install, certkeep-<version>.tgz, in the
// folder (default: here); with --dist-only only dist/, here, as a prepack of package.json needs it. Why dist/ is a bundle:
// docs/decisions/0006-bundle.md.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { root } from '../bin/node.js'

/** What goes along as it is: the launcher without what only a checkout needs, and the documents. */
const copied = ['bin/certkeep.js', 'bin/launch.js', 'bin/node.js', 'docs', 'testing', 'LICENSE', 'README.md']

/** Of package.json; scripts, overrides and `private` are for the checkout alone, and what is depended on is in dist/. */
const kept = /** @type {const} */ ([
  'name',
  'version',
  'description',
  'license',
  'type',
  'engines',
  'bin',
  'exports',
  'optionalDependencies',
])

/** What is started by its file name, under the name that it has in src/: the command, and the threads. */
const entries = ['cli/main', 'worker', 'storage/sqlite-writer-thread', 'storage/sqlite-checkpoint-thread']

/**
 * Lays the package out in a folder, which must be empty or absent. It is complete: nothing else has to be installed.
 * @param {string} folder
 */
export async function stagePackage(folder) {
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true })
  chmodSync(join(folder, 'bin', 'certkeep.js'), 0o755)
  await buildDist(join(folder, 'dist'))
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const published = Object.fromEntries(kept.filter((name) => name in manifest).map((name) => [name, manifest[name]]))
  const files = ['bin', 'dist', 'docs', 'testing']
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...published, files }, null, 2)}\n`)
}

/**
 * Fills a folder with src/ and the packages it uses, bundled, and with the licences of those.
 * @param {string} dist
 */
async function buildDist(dist) {
  /** @type {Set<string>} folders of packages */
  const used = new Set()
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    plugins: [
      {
        name: 'whose-code-is-in-it',
        generateBundle(_options, bundle) {
          for (const file of Object.values(bundle))
            if (file.type === 'chunk') file.moduleIds.map(packageOf).forEach((folder) => folder && used.add(folder))
        },
      },
    ],
    build: {
      ssr: true,
      target: 'node26',
      outDir: dist,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(entries.map((name) => [name, join(root, 'src', `${name}.ts`)])),
        external: ['pg-native'], // asked for by pg, which does without
        // Beside each other in dist/ itself: what looks for a file of ours looks from there.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  })
  writeFileSync(
    join(dist, 'LICENCES.txt'),
    [...used]
      .toSorted()
      .map(licenceOf)
      .join(`\n${'-'.repeat(80)}\n\n`),
  )
}

/**
 * The folder of the package that a module belongs to; undefined for our own.
 * @param {string} id
 */
function packageOf(id) {
  return /^\0?(.*[/]node_modules[/](?:@[^/]+[/])?[^/]+)[/]/.exec(id)?.[1]
}

/**
 * Name, version and licence of a package.
 * @param {string} folder
 */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file))
  return [`${name} ${version} (${license})\n`, ...texts.map((file) => readFileSync(join(folder, file), 'utf8'))].join(
    '\n',
  )
}

/**
 * Makes the tarball, and gives its path.
 * @param {string} folder
 */
export async function buildPackage(folder) {
  const staging = mkdtempSync(join(tmpdir(), 'certkeep-package-'))
  try {
    await stagePackage(staging)
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
    await buildDist(join(root, 'dist'))
  } else {
    console.log(await buildPackage(resolve(argument)))
  }
}
