/**
 * Loaded before a program (--import): ends it with SIGKILL at its n-th change of a file, n from MEANDER_KILL_AT. What
 * would have been written there is written by half. Prints nothing; a program with fewer changes ends as it would.
 */
import { writeSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

let left = Number(process.env.MEANDER_KILL_AT);

function change(half = () => {}) {
  if (--left > 0) return;
  half();
  process.kill(process.pid, 'SIGKILL');
}

if (isMainThread) {
  const { open } = files;
  for (const name of ['rename', 'rm', 'rmdir', 'mkdir']) {
    const action = files[name];
    files[name] = (...args) => {
      change();
      return action(...args);
    };
  }
  files.open = async (file, flags = 'r', ...rest) => {
    if (flags !== 'r') change();
    return flags === 'r' ? open(file, flags, ...rest) : watched(await open(file, flags, ...rest));
  };
  syncBuiltinESMExports();
}

function watched(handle) {
  const { write, writeFile, truncate, sync } = handle;
  handle.write = (bytes, offset, length, position) => {
    change(() => writeSync(handle.fd, bytes, offset, length >> 1, position));
    return write.call(handle, bytes, offset, length, position);
  };
  handle.writeFile = (data) => {
    change(() => writeSync(handle.fd, Buffer.from(data).subarray(0, data.length >> 1)));
    return writeFile.call(handle, data);
  };
  handle.truncate = (length) => {
    change();
    return truncate.call(handle, length);
  };
  handle.sync = () => {
    change();
    return sync.call(handle);
  };
  return handle;
}
