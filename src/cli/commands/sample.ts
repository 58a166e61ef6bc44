import { optionIssuesText } from '../../shared/issues.ts';
import { type JobSpec, type SampleOptions, sampleOptions } from '../../shared/jobs.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { modelPath } from '../from-model.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { say } from '../terminal.ts';
import { runAndFolder, weightsOf, weightsOptions } from '../weights.ts';

export const sample: Command = {
  name: 'sample',
  summary: 'let a model write',
  usage: 'RUN | MODEL [options]',
  operands: true,
  options: {
    ...weightsOptions,
    prompt: { type: 'string', value: 'TEXT', help: 'text to continue (default: a new line)' },
    tokens: { type: 'string', value: 'N', help: 'tokens to write (default: 200)' },
    temperature: { type: 'string', value: 'T', help: '0 takes the likeliest token each time (default: 0.8)' },
    'top-k': { type: 'string', value: 'K', help: 'choose among the K likeliest; 0: all (default: 0)' },
    'top-p': { type: 'string', value: 'P', help: 'choose among the likeliest that hold this share (default: 1)' },
    seed: { type: 'string', value: 'N', help: 'same seed, same text (default: 1)' },
  },
  notes: [
    'A MODEL is a path: of a Hugging Face folder (GPT-2, GPT-NeoX, Llama) with its tokenizer, or of an export.',
    'Ctrl-C ends the text between two tokens; the exit code is 130 then.',
  ],
  async run(args) {
    const given = {
      prompt: args.text('prompt'),
      tokens: args.number('tokens'),
      temperature: args.number('temperature'),
      topK: args.number('top-k'),
      topP: args.number('top-p'),
      seed: args.number('seed'),
    };
    const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    const parsed = sampleOptions.safeParse(options);
    if (!parsed.success)
      throw new UsageError(`these options do not work:\n${optionIssuesText(parsed.error.issues, options)}`);
    const job = jobOf(args, parsed.data);
    const stream = !args.flag('json');
    // Nothing is written before it is sure that something follows.
    let begun = false;
    const write = (piece: string): void => {
      process.stdout.write(begun ? piece : parsed.data.prompt + piece);
      begun = true;
    };
    const { text = '', outcome } = await jobWithProgress(job, 'Sampling', {
      quiet: true,
      onReport: (report) => {
        if (stream && report.type === 'text') write(report.piece);
      },
    });
    if (stream) say();
    else say(JSON.stringify({ prompt: parsed.data.prompt, text }));
    return outcome === 'stopped' ? 130 : 0;
  },
};

function jobOf(args: Arguments, options: SampleOptions): JobSpec {
  const path = args.positionals.length === 1 ? modelPath(args.positionals[0]) : null;
  if (path === null) {
    const { run, folder } = runAndFolder(args, homeOf(args));
    return { kind: 'sample', folder, weights: weightsOf(args, run), options };
  }
  for (const option of ['step', 'of'])
    if (args.text(option) !== null) throw new UsageError(`--${option} is for a run, and the path of a model was named`);
  return { kind: 'sample-model', path, options };
}
