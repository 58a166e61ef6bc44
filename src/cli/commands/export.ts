import path from 'node:path';
import { exportDType, exportDTypes, exportEnding, exportLayout } from '../../shared/export-layouts.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { say } from '../terminal.ts';
import { runAndFolder, weightsOf, weightsOptions } from '../weights.ts';

export const exportModel: Command = {
  name: 'export',
  summary: 'write weights of a run for other programs: Hugging Face, llama.cpp (GGUF), nanoGPT, llm.c, ONNX',
  usage: 'RUN [options]',
  operands: true,
  options: {
    ...weightsOptions,
    format: { type: 'string', value: 'DTYPE', help: 'float32, float16, bfloat16, or q8_0 for gguf (default: float32)' },
    layout: {
      type: 'string',
      value: 'NAME',
      help: 'huggingface, gguf (llama.cpp, LM Studio), nanogpt, llmc or onnx (default: huggingface)',
    },
    out: { type: 'string', value: 'PATH', help: 'folder or file to write (default: in exports/ of the run)' },
  },
  notes: [
    'With --layout nanogpt the file opens in nanoGPT’s sample.py and in torch.load(weights_only=True).',
    'It holds no optimizer state, so nanoGPT cannot train on from it; and nanoGPT has no tanh GELU.',
    'A GGUF file holds the tokenizer. llama.cpp computes the tanh form of GELU for every GPT-2. llm.c wants a model' +
      ' with the tanh form; its CPU program reads float32.',
    'An ONNX file (opset 17) takes input_ids and gives logits, without a cache; onnxruntime runs it. GPT-NeoX and Llama' +
      ' are written as huggingface and onnx.',
  ],
  async run(args) {
    const { run, folder } = runAndFolder(args, homeOf(args));
    const format = exportDType.safeParse(args.text('format') ?? 'float32');
    if (!format.success) throw new UsageError(`--format is one of ${exportDType.options.join(', ')}`);
    const layout = exportLayout.safeParse(args.text('layout') ?? 'huggingface');
    if (!layout.success) throw new UsageError(`--layout is one of ${exportLayout.options.join(', ')}`);
    const held: readonly string[] = exportDTypes[layout.data];
    if (!held.includes(format.data)) throw new UsageError(`--layout ${layout.data} holds ${held.join(', ')}`);
    const weights = weightsOf(args, run);
    const out = args.text('out');
    const name = `${weights.of}${weights.step === null ? '' : `-step-${weights.step}`}-${format.data}${exportEnding[layout.data]}`;
    const target = out === null ? path.join(folder, 'exports', name) : path.resolve(out);
    const spec = { folder, weights, format: format.data, layout: layout.data, target };
    const result = await jobWithProgress({ kind: 'export', ...spec }, 'Exporting');
    say(result.path ?? target);
    if (args.flag('json')) say(JSON.stringify({ path: result.path ?? target, step: result.step }));
    return 0;
  },
};
