// Builds the native addon (native/) with the node-gyp that npm brings, against the headers inside the
// installed Node package, so that nothing is downloaded. Runs under the user's own Node at `npm install`.
//   node scripts/build-native.mjs [--strict] [--force] [--test]
// Without a compiler it says that the portable engine will be used and exits 0. With --strict a build
// that fails exits 1. --test also builds and runs the C++ test program.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, 'native');
const build = join(native, 'build');
const addon = join(build, 'Release', 'meander.node');
const stamp = join(build, 'sources.sha256');
const flag = (name) => process.argv.includes(`--${name}`);
const strict = flag('strict');

function finish(code, message) {
  (code === 0 ? console.log : console.error)(`native: ${message}`);
  process.exit(code);
}

/** Hash of everything that the addon is made from. */
function sourcesHash() {
  const hash = createHash('sha256');
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === 'build') continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else hash.update(path.slice(native.length)).update('\0').update(readFileSync(path)).update('\0');
    }
  };
  walk(native);
  return hash.update(process.platform).update(process.arch).digest('hex');
}

/** Folder whose include/node holds the headers, inside the Node package that npm installed for this platform. */
function headersFolder() {
  const names = [`node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`];
  names.push(`node-bin-${process.platform}-${process.arch}`);
  const folders = [...names.map((name) => join(root, 'node_modules', name)), dirname(dirname(process.execPath))];
  return folders.find((folder) => existsSync(join(folder, 'include', 'node', 'node_api.h'))) ?? null;
}

/** node-gyp's entry: as npm passes it to install scripts, else inside npm's own folder. */
function nodeGyp() {
  const candidates = [process.env.npm_config_node_gyp];
  const inside = (npm) => candidates.push(join(npm, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'));
  if (process.env.npm_execpath) inside(dirname(dirname(process.env.npm_execpath)));
  const beside = dirname(process.execPath);
  inside(join(beside, 'node_modules', 'npm'));
  inside(join(beside, '..', 'lib', 'node_modules', 'npm'));
  const found = () => candidates.find((path) => path && existsSync(path));
  if (found()) return found();
  const answer = spawnSync('npm', ['root', '-g'], { encoding: 'utf8', shell: process.platform === 'win32' });
  if (answer.status === 0) inside(join(answer.stdout.trim(), 'npm'));
  const npm = spawnSync(process.platform === 'win32' ? 'where' : 'which', ['npm'], { encoding: 'utf8' });
  if (npm.status === 0) {
    const entry = realpathSync(npm.stdout.trim().split(/\r?\n/)[0]);
    inside(dirname(dirname(entry)));
  }
  return found() ?? null;
}

function works(command, args = ['--version']) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What a build needs and this machine lacks, in words; null when nothing is missing. */
function missing() {
  if (process.platform === 'win32') return null; // node-gyp finds Visual Studio itself and says what is missing.
  const compilers = process.env.CXX ? [process.env.CXX.split(' ')[0]] : ['c++', 'g++', 'clang++'];
  if (!compilers.some((name) => works(name))) return 'a C++ compiler (Debian and Ubuntu: apt-get install g++ make)';
  if (!works('make')) return 'make (Debian and Ubuntu: apt-get install make)';
  if (!['python3', 'python', process.env.PYTHON].some((name) => name && works(name))) return 'Python 3';
  return null;
}

/** Runs a program, keeps its output, resolves with its exit code. */
function run(command, args, environment, show) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: native, env: { ...process.env, ...environment } });
    let log = '';
    const take = (chunk) => {
      log += chunk;
      if (show) process.stdout.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ code: 1, log: `${log}${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? 1, log }));
  });
}

const portable = 'the slower portable engine will be used';
const hash = sourcesHash();
const built = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && existsSync(addon);
if (!built || flag('force')) {
  const lack = missing();
  if (lack) finish(0, `${lack} was not found, so ${portable}. Install it and run: node scripts/build-native.mjs`);
  const headers = headersFolder();
  if (!headers)
    finish(strict ? 1 : 0, `no Node headers were found under node_modules, so ${portable}. Run: npm install`);
  const gyp = nodeGyp();
  if (!gyp) finish(strict ? 1 : 0, `npm's node-gyp was not found, so ${portable}.`);
  const started = Date.now();
  console.log('native: compiling the engine (about half a minute)');
  mkdirSync(build, { recursive: true });
  const verb = flag('force') || !existsSync(join(build, 'Makefile')) ? ['rebuild'] : ['configure', 'build'];
  const { code, log } = await run(
    process.execPath,
    [gyp, ...verb, `--nodedir=${headers}`, `--devdir=${join(build, 'devdir')}`, `--jobs=${availableParallelism()}`],
    // npm's own settings would override the flags above.
    { npm_config_nodedir: headers, npm_config_devdir: join(build, 'devdir') },
    false,
  );
  if (code !== 0 || !existsSync(addon)) {
    console.error(log.split('\n').slice(-60).join('\n'));
    // What an older build left would be loaded in its place.
    rmSync(addon, { force: true });
    finish(strict ? 1 : 0, `the build failed (last lines of its log above), so ${portable}.`);
  }
  writeFileSync(stamp, hash);
  console.log(`native: built in ${((Date.now() - started) / 1000).toFixed(0)} s`);
} else console.log('native: up to date');

if (flag('test')) {
  const { code } = await run(
    join(build, 'Release', 'kernel-tests'),
    process.argv.includes('--quick') ? ['--quick'] : [],
    {},
    true,
  );
  process.exit(code);
}
