/**
 * Entry of the headless host as a program: `[--port N] [--attach] [--from DIR] [--] THING…`. Says its address on
 * standard output and serves until told to end. THING: a path or link that the window shows first; relative paths start
 * from DIR. --attach: where a host serves the same data folder already, say its address instead and end at once.
 */
import { parseArgs } from 'node:util';
import { toApiError } from '../shared/errors.ts';
import { findServing, type Serving, serve } from './serve.ts';
import type { Handed } from './standing.ts';

/** Milliseconds for which a window that is reloaded may be away. */
const reloadTime = 3000;

const { values, positionals } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    attach: { type: 'boolean', default: false },
    from: { type: 'string', default: process.cwd() },
  },
  allowPositionals: true,
});

try {
  const handed: Handed = { args: positionals, from: values.from };
  const other = values.attach ? await findServing(handed) : null;
  if (other === null) stand(await serve({ port: Number(values.port), onDefect: (e) => console.error(e), handed }));
  else if (!process.send) console.log(other);
  else {
    // The window's program must know first that this end is none of its own: it lets go, and then hears the address.
    process.once('disconnect', () => console.log(other));
    process.send('attached');
  }
} catch (error) {
  const { message, next } = toApiError(error);
  console.error(`${message} ${next}`);
  process.exitCode = 1;
}

function stand(serving: Serving): void {
  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    if (serving.busy().length > 0) console.error('Saving what is at work …');
    await serving.close();
    process.exit(0);
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
  // A host that came with a window ends with it, unless something works or another window looks on: then after that.
  let windowClosed = false;
  const closeWhenIdle = (): void => {
    if (windowClosed && serving.busy().length === 0 && serving.windows() === 0) void close();
  };
  serving.onChange(() => setTimeout(closeWhenIdle, reloadTime).unref());
  process.on('message', (message) => {
    if (message !== 'window-closed') return;
    windowClosed = true;
    const busy = serving.busy();
    if (busy.length > 0) process.send?.({ busy });
    closeWhenIdle();
  });
  process.on('disconnect', close);
  console.log(serving.url);
}
