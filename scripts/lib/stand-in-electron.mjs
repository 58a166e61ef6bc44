/**
 * A folder with the form of Electron for Linux and nothing in it that runs, so that what is packed around Electron can
 * be made and looked into where Electron itself cannot be fetched.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What @electron/fuses looks for, version 1, nine fuses, and Electron's defaults. */
const fuses = ['dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX', '\x01\x09', '101100000'].join('');

export function standInElectron(folder, version) {
  mkdirSync(path.join(folder, 'resources'), { recursive: true });
  const binary = path.join(folder, 'electron');
  writeFileSync(binary, `#!/bin/sh\necho "This is no Electron." >&2\nexit 1\n${fuses}\n`, 'latin1');
  chmodSync(binary, 0o755);
  writeFileSync(path.join(folder, 'version'), version);
  for (const file of ['LICENSE', 'LICENSES.chromium.html', 'chrome-sandbox'])
    writeFileSync(path.join(folder, file), '');
}
