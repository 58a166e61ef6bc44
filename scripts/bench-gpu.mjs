/**
 * Times the WebGPU engine on this machine's card. See docs/gpu.md.
 *   npm run bench:gpu [-- --batch N --tokens N --seconds S]
 *   npm run bench:gpu -- --bundle OUT    a folder that does the same on a machine without network, npm or Node
 */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { node24, root, runUnderNode24 } from './lib/node24.mjs';
import { copyDawn, copyPackages } from './lib/stage.mjs';

const args = process.argv.slice(2);
ensureInstalled();
ensureNative();
const at = args.indexOf('--bundle');
if (at < 0) process.exitCode = await runUnderNode24('bench/gpu/bench.ts', args);
else bundle(args[at + 1]);

/** Sources, the packages that they read, Dawn, the addon and Node for this system. */
function bundle(out) {
  if (!out) throw new Error('--bundle wants a folder: npm run bench:gpu -- --bundle OUT');
  const folder = path.resolve(out);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
  mkdirSync(folder, { recursive: true });
  for (const part of ['src/engine', 'src/shared', 'bench/gpu', 'LICENSE'])
    cpSync(path.join(root, part), path.join(folder, part), {
      recursive: true,
      filter: (file) => !/\.test\.tsx?$|[\\/]goldens$|[\\/]conformance$/.test(file),
    });
  writeFileSync(
    path.join(folder, 'package.json'),
    '{ "name": "meander-bench-gpu", "private": true, "type": "module" }\n',
  );
  copyPackages(['zod'], folder);
  copyDawn(folder);
  const addon = 'native/build/Release/meander.node';
  if (existsSync(path.join(root, addon))) cpSync(path.join(root, addon), path.join(folder, addon));
  const node = process.platform === 'win32' ? 'node.exe' : 'node';
  cpSync(node24(), path.join(folder, node), { dereference: true });
  const command = `--disable-warning=ExperimentalWarning`;
  writeFileSync(
    path.join(folder, 'bench.sh'),
    `#!/bin/sh\ncd "$(dirname "$0")" && exec ./node ${command} bench/gpu/bench.ts "$@"\n`,
    { mode: 0o755 },
  );
  writeFileSync(path.join(folder, 'bench.cmd'), `@"%~dp0node.exe" ${command} "%~dp0bench\\gpu\\bench.ts" %*\r\n`);
  console.log(`${folder}: copy it to the machine with the card and run bench.sh there, or bench.cmd on Windows.`);
}
