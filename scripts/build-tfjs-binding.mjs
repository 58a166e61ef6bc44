#!/usr/bin/env node
// Builds the binding of @tensorflow/tfjs-node against a TensorFlow library that is on this machine already, so that
// nothing is downloaded and the library fits the CUDA that is installed. See docs/tensorflow.md.
//   node scripts/build-tfjs-binding.mjs FOLDER --python PYTHON        the library in a Python's tensorflow package
//   node scripts/build-tfjs-binding.mjs FOLDER --library DIR [--include DIR]
// FOLDER: where tfjs-node or tfjs-node-gpu was installed with `npm install --ignore-scripts`.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { node24, nodePackage } from './lib/node24.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string' },
    library: { type: 'string' },
    include: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const usage = 'Usage: node scripts/build-tfjs-binding.mjs FOLDER (--python PYTHON | --library DIR [--include DIR])';

function fail(message, next) {
  console.error(`tfjs binding: ${message}${next ? `\n  ${next}` : ''}`);
  process.exit(1);
}

if (values.help) {
  console.log(`${usage}\n\ndocs/tensorflow.md explains each step.`);
  process.exit(0);
}
if (positionals.length !== 1 || (values.python === undefined) === (values.library === undefined)) fail(usage);
if (process.platform === 'win32')
  fail('on Windows this cannot build it.', "Run the package's own installer: npm rebuild @tensorflow/tfjs-node");

const folder = resolve(positionals[0]);
const packages = ['tfjs-node-gpu', 'tfjs-node']
  .map((name) => join(folder, 'node_modules/@tensorflow', name))
  .filter((path) => existsSync(join(path, 'binding/tfjs_backend.cc')));
if (packages.length === 0)
  fail(
    `neither @tensorflow/tfjs-node-gpu nor tfjs-node is installed in ${folder}.`,
    `npm install --prefix ${folder} --ignore-scripts @tensorflow/tfjs-node`,
  );

/** Folder of the tensorflow package of a Python, which is asked where it lies but does not load it. */
function pythonFolder(python) {
  const ask = "import importlib.util as u; s = u.find_spec('tensorflow'); print(s.submodule_search_locations[0])";
  try {
    return execFileSync(python, ['-c', ask], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    const why = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1);
    fail(`${python} has no tensorflow: ${why}`, `${python} -m pip install tensorflow-cpu (or tensorflow, for CUDA)`);
  }
}

const library = values.python === undefined ? resolve(values.library) : pythonFolder(values.python);
const files = existsSync(library) ? readdirSync(library) : [];
/** Newest of the library's files by name; wheels call the first libtensorflow_cc. */
const newest = (pattern) =>
  files
    .filter((name) => pattern.test(name))
    .sort()
    .at(-1);
const ending = process.platform === 'darwin' ? String.raw`(\.[\d.]+)?\.dylib$` : String.raw`\.so(\.[\d.]+)?$`;
const main = newest(new RegExp(`^libtensorflow${ending}`)) ?? newest(new RegExp(`^libtensorflow_cc${ending}`));
const framework = newest(new RegExp(`^libtensorflow_framework${ending}`));
if (!main || !framework)
  fail(
    `${library} holds no ${main ? 'libtensorflow_framework' : 'libtensorflow or libtensorflow_cc'}.`,
    'Name the folder that does: the package of a Python (--python), or lib/ of an unpacked libtensorflow archive.',
  );
const include = [values.include, join(library, 'include'), join(library, '../include')]
  .filter((path) => path !== undefined)
  .map((path) => resolve(path))
  .find((path) => existsSync(join(path, 'tensorflow/c/eager/c_api.h')));
if (!include)
  fail(`no headers of TensorFlow (tensorflow/c/eager/c_api.h) lie beside ${library}.`, 'Name them: --include DIR');

const headers = join(nodePackage() ?? resolve(process.execPath, '../..'), 'include/node');
if (!existsSync(join(headers, 'node_api.h')))
  fail('no Node headers were found under node_modules.', 'Run: npm install');
const compiler = process.env.CXX ?? 'c++';

for (const path of packages) {
  const name = path.slice(path.lastIndexOf('@'));
  // Where node-pre-gyp, by which the package finds it, looks on every Node of today.
  const target = join(path, 'lib/napi-v8/tfjs_binding.node');
  mkdirSync(join(path, 'lib/napi-v8'), { recursive: true });
  console.log(`tfjs binding: compiling ${name} against ${join(library, main)}`);
  const result = spawnSync(
    compiler,
    [
      ...(process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']),
      ...['-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', `-I${include}`, `-I${headers}`],
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(path, 'binding', file)),
      ...[join(library, main), join(library, framework), `-Wl,-rpath,${library}`],
      ...['-o', `${target}.new`],
    ],
    { encoding: 'utf8' },
  );
  if (result.error)
    fail(`the compiler ${compiler} does not run: ${result.error.message}`, 'Install g++ or clang, or set CXX.');
  if (result.status !== 0) {
    console.error(result.stderr.split('\n').slice(0, 40).join('\n'));
    rmSync(`${target}.new`, { force: true });
    fail('the binding does not compile; the compiler’s first lines are above.');
  }
  renameSync(`${target}.new`, target);
}

// The engine's own finder says whether it loads, and why not.
const check = `import { tensorflowStatus, openTensorflow } from './src/engine/backends/tensorflow/index.ts';
const { available, reason, note } = tensorflowStatus();
console.log('tfjs binding:', available ? (await openTensorflow({})).info.family : reason, note ?? '');
process.exitCode = available ? 0 : 1;`;
const loaded = spawnSync(
  node24(),
  ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', check],
  {
    cwd: resolve(import.meta.dirname, '..'),
    env: { ...process.env, MEANDER_TENSORFLOW: folder },
    stdio: 'inherit',
  },
);
if (loaded.status === 0)
  console.log(`tfjs binding: it works. Name this folder in Settings, or MEANDER_TENSORFLOW=${folder}`);
process.exitCode = loaded.status ?? 1;
