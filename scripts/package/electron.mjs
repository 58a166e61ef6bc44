/** Packages with Electron: lays out archive and runtime in dist/stage and has electron-builder pack them. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { node24, root } from '../lib/node24.mjs';
import { copyPackages, manifest, stageRuntime } from '../lib/stage.mjs';

const tools = path.join(root, 'packaging');
/** What the shell's own bundle imports. */
const shellPackages = ['electron-store', 'zod'];
const flags = { linux: '--linux', win32: '--win', darwin: '--mac' };

/** @returns paths of the packages made */
export function packageElectron(dist, targets) {
  ensureTools();
  const stage = path.join(dist, 'stage');
  rmSync(stage, { recursive: true, force: true });
  stageArchive(path.join(stage, 'app'));
  stageRuntime(path.join(stage, 'runtime'));
  const started = Date.now();
  const done = spawnSync(
    node24(),
    [
      path.join(tools, 'node_modules/electron-builder/cli.js'),
      flags[process.platform],
      ...targets.map((target) => (target === 'appimage' ? 'AppImage' : target)),
      `--${process.arch}`,
      '--projectDir',
      dist,
      '--config',
      path.join(tools, 'electron-builder.mjs'),
      '--publish',
      'never',
    ],
    { cwd: dist, stdio: [0, 2, 2], env: { ...process.env, MEANDER_ELECTRON_VERSION: electronVersion() } },
  );
  rmSync(stage, { recursive: true, force: true });
  if (done.status !== 0) throw new Error('electron-builder failed; what it says is above');
  return readdirSync(dist)
    .filter((name) => !/\.(ya?ml|blockmap)$/.test(name))
    .map((name) => path.join(dist, name))
    .filter((file) => statSync(file).mtimeMs >= started);
}

export function electronVersion() {
  return manifest().devDependencies.electron;
}

/** Installs packaging/ when it is not, or not as its lock says. */
export function ensureTools() {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(tools, 'package-lock.json')))
    .digest('hex');
  const stamp = path.join(tools, 'node_modules/.meander-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error('Installing electron-builder …');
  const shell = process.platform === 'win32';
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync(shell ? 'npm.cmd' : 'npm', args, { cwd: tools, stdio: [0, 2, 2], shell });
  if (done.status !== 0) throw new Error('npm ci in packaging/ failed; its message is above');
  writeFileSync(stamp, lock);
}

/** What goes into app.asar: the shell's bundle and its packages, nothing else. */
function stageArchive(folder) {
  const { name, productName, version, description, license, main } = manifest();
  const versionOf = (dependency) =>
    JSON.parse(readFileSync(path.join(root, 'node_modules', dependency, 'package.json'), 'utf8')).version;
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
  // A .deb must name a home page.
  const homepage = GITHUB_REPOSITORY ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}` : 'file:///usr/share/doc/meander';
  const staged = {
    name,
    productName,
    version,
    description,
    license,
    homepage,
    author: 'Meander <meander@localhost>',
    type: 'module',
    main,
    dependencies: Object.fromEntries(shellPackages.map((dependency) => [dependency, versionOf(dependency)])),
  };
  const bundle = path.join(folder, path.dirname(main));
  mkdirSync(bundle, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(staged, null, 2)}\n`);
  cpSync(path.join(root, main), path.join(folder, main));
  cpSync(path.join(root, path.dirname(main), 'chunks'), path.join(bundle, 'chunks'), { recursive: true });
  copyPackages(shellPackages, folder);
  // electron-builder looks for a project around its folders.
  writeFileSync(path.join(folder, '../../package.json'), `${JSON.stringify({ name: 'dist', private: true })}\n`);
}
