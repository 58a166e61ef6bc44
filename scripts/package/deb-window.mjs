/**
 * A .deb whose window is a Chromium-family browser in app mode, on the headless host: it needs nothing but dpkg-deb to
 * be made. Everything lies in /opt/meander; /usr/bin holds `meander-app` (the window) and `meander` (the command line).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodePackage, root } from '../lib/node24.mjs';
import { manifest, stageRuntime } from '../lib/stage.mjs';

const architectures = { x64: 'amd64', arm64: 'arm64' };
/** Any of them serves as the window. */
const browsers = 'chromium | chromium-browser | google-chrome-stable | microsoft-edge-stable | brave-browser';

/** @param folder where to put it @returns path of the package */
export function packageDebWindow(folder) {
  const { version } = manifest();
  const architecture = architectures[process.arch];
  if (process.platform !== 'linux' || !architecture) throw new Error('deb-window is made on Linux, x64 or arm64');
  const tree = path.join(folder, 'deb-window');
  rmSync(tree, { recursive: true, force: true });
  const at = (...parts) => path.join(tree, ...parts);
  const put = (file, text, mode = 0o644) => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
    chmodSync(at(file), mode);
  };
  stageRuntime(at('opt/meander'));
  for (const file of [
    'scripts/app.mjs',
    'scripts/lib/app-window.mjs',
    'scripts/lib/browser.mjs',
    'scripts/lib/node24.mjs',
  ])
    cpSync(path.join(root, file), at('opt/meander', file));
  const node = `node_modules/${path.basename(nodePackage())}/bin/node`;
  put('usr/bin/meander-app', launcher(node, 'scripts/app.mjs'), 0o755);
  put('usr/bin/meander', launcher(node, '--disable-warning=ExperimentalWarning', 'out/main/cli.js'), 0o755);
  cpSync(path.join(root, 'resources/meander.desktop'), at('usr/share/applications/meander.desktop'));
  for (const file of readdirSync(path.join(root, 'resources/icons')))
    cpSync(
      path.join(root, 'resources/icons', file),
      at('usr/share/icons/hicolor', path.parse(file).name, 'apps/meander.png'),
    );
  cpSync(path.join(root, 'resources/icon.svg'), at('usr/share/icons/hicolor/scalable/apps/meander.svg'));
  cpSync(path.join(root, 'LICENSE'), at('usr/share/doc/meander-window/copyright'));
  readable(tree);
  put(
    'DEBIAN/control',
    `Package: meander-window
Version: ${version}
Architecture: ${architecture}
Maintainer: Meander <meander@localhost>
Installed-Size: ${Math.ceil(bytesOf(tree) / 1024)}
Depends: libc6 (>= ${glibc()}), libstdc++6, ${browsers}
Conflicts: meander
Section: science
Priority: optional
Description: pre-train language models and average their weights
 Trains GPT-2-class models on this machine, averages their weights as they
 train, and exports the better model that lies in the mean of the run.
 .
 This package shows its window in a Chromium-family browser.
`,
  );
  const file = path.join(folder, `meander-window_${version}_${architecture}.deb`);
  // Root owns everything, whoever builds it; level 1 of xz is a minute quicker than the default, and 4% larger.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree, file], { stdio: [0, 2, 2] });
  rmSync(tree, { recursive: true, force: true });
  return file;
}

/** Finds the tree from its own place, so that an unpacked package runs without being installed. */
function launcher(node, ...args) {
  const files = args.map((argument) => (argument.startsWith('-') ? argument : `"$meander/${argument}"`));
  return `#!/bin/sh
meander=$(dirname "$(readlink -f "$0")")/../../opt/meander
exec "$meander/${node}" ${files.join(' ')} "$@"
`;
}

/** The oldest C library that what was compiled here is known to run with: this machine's. */
function glibc() {
  return execFileSync('getconf', ['GNU_LIBC_VERSION'], { encoding: 'utf8' }).trim().split(' ').at(-1);
}

/** npm may have unpacked files that only their owner can read. */
function readable(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) readable(file);
    else chmodSync(file, statSync(file).mode & 0o111 ? 0o755 : 0o644);
  }
}

function bytesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesOf(file) : statSync(file).size);
  }, 0);
}
