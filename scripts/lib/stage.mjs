/**
 * Lays out what a package holds: a tree like the source tree, without sources (docs/packaging.md). src/app/locate.ts
 * finds its parts there.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodePackage, root } from './node24.mjs';

export const manifest = () => JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** Nothing that runs reads these: Node strips no types inside node_modules. */
const unread = /\.(map|[cm]?ts|md|markdown)$/;

/** Names of the packages, and of those that they need themselves, as installed at the top of node_modules. */
export function closure(names) {
  const found = new Set();
  const inner = new Set();
  const visit = (name, from) => {
    const folder = path.join(root, 'node_modules', name);
    if (!existsSync(path.join(folder, 'package.json')))
      throw new Error(`${from} needs ${name}, which is not installed: run npm ci`);
    if (found.has(name)) return;
    found.add(name);
    needs(folder, []);
  };
  /** @param above packages that this one lies in, the nearest first */
  const needs = (folder, above) => {
    const { name, dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    for (const other of Object.keys(dependencies)) {
      // Types are read by nothing that runs.
      if (other.startsWith('@types/')) continue;
      const owners = [folder, ...above];
      const inside = owners.map((owner) => path.join(owner, 'node_modules', other)).find((at) => existsSync(at));
      if (inside === undefined) visit(other, name);
      // A version of its own is copied with its owner; what that needs is not.
      else if (!inner.has(inside)) {
        inner.add(inside);
        needs(inside, owners);
      }
    }
  };
  for (const name of names) visit(name, 'Meander');
  return [...found].sort();
}

export function copyPackages(names, folder) {
  for (const name of closure(names))
    cpSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name), {
      recursive: true,
      dereference: true,
      filter: (file) => !unread.test(file),
    });
}

/** Dawn for this system alone, where npm installed the optional package: it brings six systems' along. */
export function copyDawn(folder) {
  const from = path.join(root, 'node_modules', 'webgpu');
  const binary = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;
  if (!existsSync(path.join(from, 'dist', binary))) return;
  for (const file of ['package.json', 'LICENSE.md', 'index.js', path.join('dist', binary)])
    cpSync(path.join(from, file), path.join(folder, 'node_modules', 'webgpu', file), { recursive: true });
}

/** What runs outside of Electron: bundles, window, workers' packages, Node, addon, pictures. Build first. */
export function stageRuntime(folder) {
  const { name, productName, version, license, dependencies } = manifest();
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'package.json'),
    `${JSON.stringify({ name, productName, version, license, type: 'module', private: true }, null, 2)}\n`,
  );
  cpSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
  cpSync(path.join(root, 'out'), path.join(folder, 'out'), { recursive: true });
  copyPackages(
    Object.keys(dependencies).filter((dependency) => dependency !== 'electron-store'),
    folder,
  );
  copyDawn(folder);
  const node = nodePackage();
  if (!node) throw new Error(`npm has no Node for ${process.platform} ${process.arch}: a package cannot be made here`);
  const executable = process.platform === 'win32' ? 'node.exe' : 'node';
  for (const file of ['package.json', 'LICENSE', path.join('bin', executable)])
    if (existsSync(path.join(node, file)))
      cpSync(path.join(node, file), path.join(folder, 'node_modules', path.basename(node), file), {
        dereference: true,
      });
  const addon = 'native/build/Release/meander.node';
  if (!existsSync(path.join(root, addon)))
    throw new Error('the native addon is not built: node scripts/build-native.mjs');
  cpSync(path.join(root, addon), path.join(folder, addon));
  for (const file of ['icon.png', 'tray.png', 'tray@2x.png', 'trayTemplate.png', 'trayTemplate@2x.png'])
    cpSync(path.join(root, 'resources', file), path.join(folder, 'resources', file));
}
