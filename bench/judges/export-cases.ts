/**
 * Exports tiny models the way the app does, for other programs to judge.
 *   node bench/judges/export-cases.ts FOLDER [native|reference]
 * Writes FOLDER/<model>-<dtype>/ (a Hugging Face folder each), FOLDER/<model>-<dtype>.gguf, FOLDER/<model>-<dtype>.bin
 * of llm.c for GPT-2s with tanh GELU, FOLDER/<model>-<dtype>.onnx, and FOLDER/cases.json: what Meander says of each, its
 * losses on given tokens from the float32 weights and from the folder read back, ids and decoded text of given texts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackendName } from '../../src/engine/backends/backend.ts';
import { openBackend } from '../../src/engine/backends/select.ts';
import { ggufFile } from '../../src/engine/checkpoint/export/gguf.ts';
import { llmcFile } from '../../src/engine/checkpoint/export/llmc.ts';
import { onnxFile } from '../../src/engine/checkpoint/export/onnx.ts';
import { writeStream } from '../../src/engine/checkpoint/export/stream-file.ts';
import { openModelFolder, type WeightReader, writeModelFolder } from '../../src/engine/checkpoint/index.ts';
import type { Tokenizer } from '../../src/engine/data/source.ts';
import { bytesTokenizer } from '../../src/engine/data/tokenizers/bytes.ts';
import { charactersTokenizer } from '../../src/engine/data/tokenizers/characters.ts';
import { gpt2Tokenizer } from '../../src/engine/data/tokenizers/gpt2.ts';
import { readJson } from '../../src/engine/goldens/fixture.ts';
import { loudWeights, tokenLosses } from '../../src/engine/goldens/vectors.ts';
import { parameterTable } from '../../src/engine/model/table.ts';
import { Random, Streams } from '../../src/engine/random.ts';
import { type ModelConfig, modelConfig } from '../../src/shared/config.ts';
import { exportDTypes } from '../../src/shared/export-layouts.ts';
import { mean } from '../../src/shared/statistics.ts';

const dtypes = ['float32', 'float16', 'bfloat16'] as const;
const alphabet = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzäéß–‘’“”…€😀";
const hostile = readJson<{ texts: { name: string; text: string }[] }>('bpe').texts.map(({ text }) => text);

interface Case {
  name: string;
  seed: number;
  tokenizer: Tokenizer;
  model: ModelConfig;
  texts: string[];
}

const tiny = { blockSize: 24, heads: 4, width: 32, dropout: 0.1 };

async function cases(): Promise<Case[]> {
  const points = [...new Set([...alphabet].map((c) => c.codePointAt(0)!))].sort((a, b) => a - b);
  const characters = charactersTokenizer(points);
  const gpt2 = await gpt2Tokenizer();
  const bytes = bytesTokenizer();
  return [
    {
      name: 'nanogpt',
      seed: 11,
      tokenizer: characters,
      model: modelConfig.parse({ ...tiny, layers: 2, vocabSize: characters.vocabSize }),
      texts: [
        '',
        'O, what a rogue and peasant slave am I!\n\n  Is it “not” so?',
        'äéß – 😀😀\n',
        'unknown: ∑ 漢 stays out',
      ],
    },
    {
      name: 'paper',
      seed: 12,
      tokenizer: gpt2,
      model: modelConfig.parse({
        ...tiny,
        layers: 3,
        vocabSize: gpt2.vocabSize,
        paddedVocabSize: 50_304,
        gelu: 'tanh',
        inverseLayerScaling: true,
      }),
      texts: hostile,
    },
    {
      name: 'bias',
      seed: 13,
      tokenizer: bytes,
      model: modelConfig.parse({ ...tiny, width: 48, layers: 2, vocabSize: bytes.vocabSize, bias: true, gelu: 'tanh' }),
      texts: hostile,
    },
    {
      name: 'neox',
      seed: 14,
      tokenizer: bytes,
      model: modelConfig.parse({
        ...tiny,
        layers: 2,
        vocabSize: bytes.vocabSize,
        bias: true,
        architecture: {
          kind: 'gpt_neox',
          inner: 96,
          rotaryBase: 10_000,
          epsilon: 1e-5,
          tied: false,
          rotary: 4,
          parallelResidual: true,
        },
      }),
      texts: hostile,
    },
    {
      name: 'llama',
      seed: 15,
      tokenizer: bytes,
      model: modelConfig.parse({
        ...tiny,
        layers: 2,
        vocabSize: bytes.vocabSize,
        architecture: {
          kind: 'llama',
          inner: 80,
          rotaryBase: 500,
          epsilon: 1e-6,
          tied: false,
          keyHeads: 2,
          headWidth: 10,
          rotaryStretch: { factor: 8, lowFactor: 1, highFactor: 4, trainedPositions: 16 },
        },
      }),
      texts: hostile,
    },
  ];
}

async function main(folder: string, backendName: BackendName): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { backend } = await openBackend(backendName, { threads: 2 });
  const described: object[] = [];
  for (const { name, seed, tokenizer, model, texts } of await cases()) {
    const table = parameterTable(model);
    const weights = loudWeights(backend, model, seed);
    const random = new Random(seed, Streams.evaluation, 0, 0);
    const tokens = [0, 1].map((row) =>
      Array.from({ length: model.blockSize + 1 }, (_, i) => random.word(row * 1000 + i) % model.vocabSize),
    );
    const losses = [...(await tokenLosses(backend, model, weights, tokens))];
    for (const dtype of dtypes) {
      const path = join(folder, `${name}-${dtype}`);
      await writeModelFolder(path, {
        model,
        table,
        read: (offset, count) => weights.read(offset, count),
        dtype,
        tokenizer,
        metadata: { case: name },
      });
      const opened = await openModelFolder(path);
      const back = backend.store('f32', table.elements);
      await opened.loadInto(table, (offset, data) => back.write(offset, data));
      await opened.close();
      described.push({
        folder: `${name}-${dtype}`,
        name,
        model,
        dtype,
        seed,
        tokens,
        losses,
        lossesReadBack: [...(await tokenLosses(backend, opened.model, back, tokens))],
        texts: texts.map((text) => {
          const ids = [...tokenizer.encode(text)];
          return { text, ids, decoded: tokenizer.decode(ids) };
        }),
      });
      back.free();
      console.log(`${path}: loss ${mean(losses).toFixed(7)} (${backend.info.name})`);
    }
    const read: WeightReader = (offset, count) => weights.read(offset, count);
    const at = (dtype: string, ending: string) => join(folder, `${name}-${dtype}.${ending}`);
    for (const dtype of exportDTypes.onnx) {
      const content = { model, table, read, dtype, name, metadata: { case: name }, card: name };
      await writeStream(at(dtype, 'onnx'), onnxFile(content));
    }
    for (const dtype of model.architecture ? [] : exportDTypes.gguf) {
      const content = { model, table, read, dtype, tokenizer, name, metadata: { case: name } };
      await writeStream(at(dtype, 'gguf'), ggufFile(content));
    }
    if (model.gelu === 'tanh' && !model.architecture)
      for (const dtype of exportDTypes.llmc)
        await writeStream(at(dtype, 'bin'), llmcFile({ model, table, read, dtype }));
    weights.free();
  }
  await writeFile(join(folder, 'cases.json'), JSON.stringify(described));
  await backend.close();
}

const [folder, backendName = 'reference'] = process.argv.slice(2);
if (!folder || (backendName !== 'native' && backendName !== 'reference')) {
  console.error('usage: node bench/judges/export-cases.ts FOLDER [native|reference]');
  process.exitCode = 2;
} else await main(folder, backendName);
