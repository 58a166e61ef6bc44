/**
 * Looks into an unpacked app with Electron: node scripts/check-package.mjs DIR
 * DIR: dist/linux-unpacked, dist/win-unpacked or Meander.app. Its archive and runtime must be whole, its fuses as
 * configured, and its worker must start with the native engine. The last line counts the checks.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from './lib/node24.mjs';

const { positionals } = parseArgs({ allowPositionals: true });
const app = path.resolve(positionals[0] ?? '');
const totals = { passed: 0, failed: 0 };
const check = (name, ok, detail = '') => {
  totals[ok ? 'passed' : 'failed']++;
  console.log(`${ok ? 'passed' : 'FAILED'}: ${name}${detail && `: ${detail}`}`);
};
const fromTools = createRequire(path.join(root, 'packaging/package.json'));
const load = (name) => import(pathToFileURL(fromTools.resolve(name)));

const isMac = app.endsWith('.app');
const resources = path.join(app, isMac ? 'Contents/Resources' : 'resources');
const binary = isMac
  ? app
  : path.join(app, ['Meander.exe', 'meander-app'].find((name) => existsSync(path.join(app, name))) ?? 'meander-app');

const { extractFile, listPackage } = await load('@electron/asar');
const inside = new Set(listPackage(path.join(resources, 'app.asar')).map((file) => file.replaceAll('\\', '/')));
for (const file of [
  '/package.json',
  '/out/main/index.js',
  '/node_modules/electron-store/index.js',
  '/node_modules/zod/package.json',
])
  check(`the archive holds ${file}`, inside.has(file));
const stray = [...inside].filter((file) => /\.(node|ts|tsx)$|node_modules\/(electron|vite)\//.test(file));
check('the archive holds nothing that does not belong there', stray.length === 0, stray.slice(0, 3).join(', '));
const missing = [...imports('out/main/index.js')].filter((name) => !inside.has(`/node_modules/${name}/package.json`));
check('the archive holds every package that the shell imports', missing.length === 0, missing.join(', '));
const runtime = path.join(resources, 'runtime');
for (const file of [
  'package.json',
  'out/main/worker.js',
  'out/main/encode-thread.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
  'native/build/Release/meander.node',
  'resources/tray.png',
])
  check(`beside it lies ${file}`, existsSync(path.join(runtime, file)));

const modules = path.join(runtime, 'node_modules');
const node = readdirSync(modules)
  .filter((name) => /^node-/.test(name))
  .flatMap((name) => ['node', 'node.exe'].map((file) => path.join(modules, name, 'bin', file)))
  .find((file) => existsSync(file));
check('Node comes with it', node !== undefined);
const doctor = spawnSync(node ?? 'node', [path.join(runtime, 'out/main/cli.js'), 'doctor', '--json'], {
  encoding: 'utf8',
  cwd: app,
});
check(
  'a worker starts with the native engine',
  /"name":\s*"native"[^}]*"works":\s*true/.test(doctor.stdout),
  doctor.stderr,
);

const { getCurrentFuseWire, FuseV1Options, FuseState } = await load('@electron/fuses');
const { electronFuses } = (await import('../packaging/electron-builder.mjs')).default;
const wire = await getCurrentFuseWire(binary);
for (const [name, wanted] of Object.entries(electronFuses)) {
  const option = FuseV1Options[name[0].toUpperCase() + name.slice(1)];
  // resetAdHocDarwinSignature says how to turn them, and is none itself.
  if (option === undefined) continue;
  check(`fuse ${name} is ${wanted ? 'on' : 'off'}`, wire[option] === (wanted ? FuseState.ENABLE : FuseState.DISABLE));
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

/** Packages that a bundle in the archive imports, itself or by its chunks. */
function imports(file, seen = new Set()) {
  if (seen.has(file)) return new Set();
  seen.add(file);
  const text = extractFile(path.join(resources, 'app.asar'), path.normalize(file)).toString('utf8');
  const found = new Set();
  for (const [, name] of text.matchAll(/^import (?:[^"']*? from )?["']([^"']+)["'];?$/gm)) {
    if (name.startsWith('.'))
      for (const other of imports(path.posix.join(path.posix.dirname(file), name), seen)) found.add(other);
    else if (!name.startsWith('node:') && name !== 'electron')
      found.add(
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
  }
  return found;
}
