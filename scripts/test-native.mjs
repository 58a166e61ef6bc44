/**
 * The C++ test program built or run in other ways than `npm test` does:
 *   address    with the sanitizers of addresses and of undefined behaviour
 *   threads    with the sanitizer of threads
 *   arm        for 64-bit Arm, under an emulator
 *   old        on an emulated x86 processor that has no AVX2
 * node scripts/test-native.mjs WAY [family …]; without families all that the processor has. Linux only. Where what a way
 * needs is missing it says so, with the command that installs it, and exits 0.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureNative } from './lib/ensure.mjs';
import { nativeTargets } from './lib/native-targets.mjs';
import { root } from './lib/node24.mjs';

const sanitized = ['-O1', '-g', '-fno-omit-frame-pointer'];
const ways = {
  address: {
    arch: 'x64',
    compilers: ['g++', 'clang++'],
    flags: [...sanitized, '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    env: { ASAN_OPTIONS: 'detect_stack_use_after_return=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
  },
  threads: {
    arch: 'x64',
    compilers: ['g++', 'clang++'],
    flags: [...sanitized, '-fsanitize=thread'],
    env: { TSAN_OPTIONS: 'halt_on_error=1' },
    // The sanitizer wants its own places in memory, which a randomised layout may take.
    runner: ['setarch', '-R'],
  },
  arm: {
    arch: 'arm64',
    compilers: ['aarch64-linux-gnu-g++'],
    flags: ['-O2', '-static'],
    runner: ['qemu-aarch64', '-cpu', 'max'],
    packages: 'g++-aarch64-linux-gnu qemu-user',
  },
  old: {
    arch: 'x64',
    // The program as it was built beside the addon: what is tried is what runs.
    compilers: null,
    runner: ['qemu-x86_64', '-cpu', 'Westmere'],
    packages: 'qemu-user',
    // The family that it chooses; the others of this processor are slow to emulate and tried elsewhere.
    args: ['--best', 'portable', 'portable'],
  },
};

const [name, ...families] = process.argv.slice(2);
const way = ways[name];
if (!way) {
  console.error(`Say which way: ${Object.keys(ways).join(', ')}.`);
  process.exit(1);
}

function skip(reason) {
  console.log(`skipped: C++ test program, ${name}: ${reason}`);
  process.exit(0);
}

const works = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
if (process.platform !== 'linux') skip('it is run on Linux');
if (way.arch === 'x64' && process.arch !== 'x64') skip('it is run on x86 processors');
const compiler = way.compilers?.find(works);
const lacking = [
  way.compilers && !compiler ? way.compilers[0] : null,
  way.runner && !works(way.runner[0]) ? way.runner[0] : null,
];
if (lacking.some((program) => program !== null)) {
  const install = `Debian and Ubuntu: apt-get install ${way.packages ?? 'g++ util-linux'}`;
  skip(`${lacking.filter((program) => program !== null).join(' and ')} not found (${install})`);
}

const native = path.join(root, 'native');
const build = path.join(native, 'build', name);
/** What every object depends on beside its own sources: how it is compiled. */
const recipe = Math.max(statSync(path.join(native, 'binding.gyp')).mtimeMs, statSync(import.meta.filename).mtimeMs);

/** Whether an object is newer than the recipe and every file that the compiler read for it. */
function isFresh(object) {
  const list = object.replace(/o$/, 'd');
  if (!existsSync(object) || !existsSync(list)) return false;
  const made = statSync(object).mtimeMs;
  const files = readFileSync(list, 'utf8')
    .replace(/^[^:]*:/, '')
    .split(/[\s\\]+/)
    .filter((file) => file !== '');
  return made > recipe && files.every((file) => existsSync(file) && statSync(file).mtimeMs < made);
}

const objects = [];
const jobs = [];
for (const target of compiler ? nativeTargets({ target_arch: way.arch, OS: 'linux' }) : [])
  for (const source of target.sources) {
    const object = path.join(build, target.name, `${path.basename(source, '.cpp')}.o`);
    objects.push(object);
    const from = path.join(native, source);
    if (isFresh(object)) continue;
    mkdirSync(path.dirname(object), { recursive: true });
    jobs.push([...target.flags, ...way.flags.filter((flag) => flag !== '-static'), '-MMD', '-c', from, '-o', object]);
  }

/** Runs the compiler; ends this program with its message when it fails. */
function compile(args) {
  return new Promise((resolve) => {
    const child = spawn(compiler, args, { cwd: native, stdio: ['ignore', 1, 2] });
    child.on('close', (code) => (code === 0 ? resolve() : process.exit(1)));
  });
}

if (jobs.length > 0) {
  console.log(`compiling ${jobs.length} files for ${name}`);
  const next = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await compile(job);
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, next));
}
if (compiler) await compile([...objects, ...way.flags, '-pthread', '-o', path.join(build, 'program')]);
else ensureNative({ strict: true });
const program = compiler ? path.join(build, 'program') : path.join(native, 'build/Release/kernel-tests');
const [first, ...rest] = [...(way.runner ?? []), program, ...(way.args ?? []), ...families];
const done = spawnSync(first, rest, { stdio: ['ignore', 1, 2], env: { ...process.env, ...way.env } });
if (done.signal) console.error(`the test program ended by ${done.signal}`);
process.exitCode = done.status ?? 1;
