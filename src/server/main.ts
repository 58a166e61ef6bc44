/** Entry of the headless host as a program: `--port N`. Says its address on standard output and serves until told to end. */
import { parseArgs } from 'node:util';
import { toApiError } from '../shared/errors.ts';
import { serve } from './serve.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });

try {
  const serving = await serve({ port: Number(values.port), onDefect: (error) => console.error(error) });
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
  // scripts/start.mjs asks when the window was closed: only an idle host ends with it.
  process.on('message', (message) => {
    if (message !== 'window-closed') return;
    const busy = serving.busy();
    if (busy.length === 0) void close();
    else process.send?.({ busy });
  });
  process.on('disconnect', close);
  console.log(serving.url);
} catch (error) {
  const { message, next } = toApiError(error);
  console.error(`${message} ${next}`);
  process.exitCode = 1;
}
