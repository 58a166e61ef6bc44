/**
 * Does llama.cpp say the same of the GGUF files that export-cases.ts wrote?
 *   node llama.mjs FOLDER        from a folder where `npm install node-llama-cpp` was run
 * Compares the mean loss over the given tokens, the ids of the given texts, and the text of those ids.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder] = process.argv.slice(2);
const { getLlama } = await import(pathToFileURL(createRequire(path.resolve('x.js')).resolve('node-llama-cpp')).href);
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const cases = JSON.parse(readFileSync(path.join(folder, 'cases.json'), 'utf8'));
/** Relative. llama.cpp takes GELU from a float16 table, so float32 cannot agree further. */
const bounds = { float32: 2e-5, float16: 1e-3, bfloat16: 1e-3, q8_0: 1e-2 };
let failed = 0;

for (const { name, tokens, losses, texts, dtype } of cases) {
  if (dtype !== 'float32') continue;
  for (const [stored, bound] of Object.entries(bounds)) {
    const file = path.join(folder, `${name}-${stored}.gguf`);
    if (!existsSync(file)) continue;
    const model = await llama.loadModel({ modelPath: path.resolve(file), gpuLayers: 0 });
    const theirs = [];
    for (const row of tokens) {
      const context = await model.createContext({ contextSize: row.length, flashAttention: false });
      const sequence = context.getSequence();
      const wanted = row.slice(0, -1).map((token) => [token, { generateNext: { probabilities: true } }]);
      const found = await sequence.controlledEvaluate(wanted);
      for (const [i, one] of found.entries()) theirs.push(-Math.log(one.next.probabilities.get(row[i + 1])));
      await context.dispose();
    }
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    const error = Math.abs(mean(theirs) / mean(losses) - 1);
    const wrong = error <= bound ? [] : [`loss ${error.toExponential(1)} apart, ${bound} allowed`];
    if (stored === 'float32')
      for (const { text, ids, decoded } of texts) {
        const got = model.tokenize(text, false);
        if (JSON.stringify([...got]) !== JSON.stringify(ids))
          wrong.push(
            `ids of ${JSON.stringify(text.slice(0, 40))}: Meander ${ids.slice(0, 20)}, llama.cpp ${[...got].slice(0, 20)}`,
          );
        const back = model.detokenize(ids);
        // llama.cpp takes out spaces before punctuation, as Transformers once did.
        if (back.replaceAll(' ', '') !== decoded.replaceAll(' ', ''))
          wrong.push(
            `text: Meander ${JSON.stringify(decoded.slice(0, 40))}, llama.cpp ${JSON.stringify(back.slice(0, 40))}`,
          );
      }
    console.log(
      `${name}-${stored}: llama.cpp ${mean(theirs).toFixed(6)}, Meander ${mean(losses).toFixed(6)}, ${error.toExponential(1)} apart${wrong.length ? '  FAILED' : '  ok'}`,
    );
    for (const line of wrong.slice(0, 8)) console.log(`    ${line}`);
    failed += wrong.length > 0 ? 1 : 0;
    await model.dispose();
  }
}
console.log(`${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
