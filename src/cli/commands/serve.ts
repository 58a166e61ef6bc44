import { existsSync } from 'node:fs';
import path from 'node:path';
import { locate } from '../../app/locate.ts';
import { serve as startServing } from '../../server/serve.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf } from '../job.ts';
import { say, tell } from '../terminal.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'run the app without a window and print the address to open in a browser on this machine',
  usage: '[options]',
  options: { port: { type: 'string', value: 'N', help: 'port on the loopback address (default: a free one)' } },
  notes: ['The address holds a token: whoever has it can use the app. It listens on this machine only.'],
  async run(args) {
    const port = args.number('port', { min: 0, max: 65535, integer: true }) ?? 0;
    const { renderer } = locate();
    if (!existsSync(path.join(renderer, 'index.html')))
      throw new UsageError(`the window is not built (nothing at ${renderer}); run: npm run build`);
    // The application reads its folder from here, as it does when started by itself.
    process.env.MEANDER_HOME = homeOf(args);
    const serving = await startServing({ port, onDefect: (error) => tell(String(error)) });
    say(serving.url);
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    });
    if (serving.busy().length > 0) tell('Saving what is at work …');
    await serving.close();
    return 0;
  },
};
