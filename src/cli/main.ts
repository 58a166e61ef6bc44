/** meander: the command line. Exit codes: 0 done, 1 failed, 2 wrong call, 130 stopped by the user. */
import { UserError } from '../shared/errors.ts';
import { explainFileError } from '../shared/files.ts';
import { type Command, helpText, readArguments, UsageError } from './command.ts';
import { say, tell } from './terminal.ts';

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  quickstart: async () => (await import('./commands/quickstart.ts')).quickstart,
  prepare: async () => (await import('./commands/prepare.ts')).prepare,
  train: async () => (await import('./commands/train.ts')).train,
  study: async () => (await import('./commands/study.ts')).study,
  fork: async () => (await import('./commands/fork.ts')).fork,
  rescue: async () => (await import('./commands/rescue.ts')).rescue,
  evaluate: async () => (await import('./commands/evaluate.ts')).evaluate,
  map: async () => (await import('./commands/map.ts')).map,
  average: async () => (await import('./commands/average.ts')).average,
  sample: async () => (await import('./commands/sample.ts')).sample,
  export: async () => (await import('./commands/export.ts')).exportModel,
  serve: async () => (await import('./commands/serve.ts')).serve,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
};

async function overview(): Promise<string> {
  const list = await Promise.all(Object.values(commands).map((load) => load()));
  const width = Math.max(...list.map((c) => c.name.length));
  return [
    'meander: pre-train GPT-2-class language models, and take the better one that lies in the mean of the run',
    '',
    'Usage: meander COMMAND [options]',
    '',
    ...list.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`),
    '',
    'meander COMMAND --help tells the rest.',
  ].join('\n');
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    say(await overview());
    return name === undefined ? 2 : 0;
  }
  const load = commands[name];
  if (!load) {
    tell(`meander: there is no command "${name}". Commands: ${Object.keys(commands).join(', ')}.`);
    return 2;
  }
  const command = await load();
  try {
    const args = readArguments(command, rest);
    if (args.flag('help')) {
      say(helpText(command));
      return 0;
    }
    return await command.run(args);
  } catch (caught) {
    // What the system says of a full disk or a folder without permission is the user's to solve, not a defect.
    const { path } = (caught ?? {}) as { path?: unknown };
    const error = typeof path === 'string' ? await explainFileError(caught, path) : caught;
    if (error instanceof UsageError) {
      tell(`meander ${name}: ${error.message}\nmeander ${name} --help shows how to call it.`);
      return 2;
    }
    if (error instanceof UserError) {
      tell(`meander ${name}: ${error.message}\n${error.next}`);
      return 1;
    }
    throw error;
  }
}

process.exitCode = await main(process.argv.slice(2));
