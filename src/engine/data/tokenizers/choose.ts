/** The tokenizer that a preparation is asked for. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { TokenizerChoice } from '../../../shared/dataset.ts';
import { writeFileAtomically } from '../../files.ts';
import { trainingCharacters } from '../vocabulary.ts';
import { bytesTokenizer } from './bytes.ts';
import { charactersTokenizer } from './characters.ts';
import type { Encoder } from './encoder.ts';
import { gpt2Tokenizer } from './gpt2.ts';
import { encoderOfFile, encoderOfText, loadEncoder } from './load.ts';
import type { TrainingText } from './train-bpe.ts';
import { trainBpe } from './train-bpe.ts';

export interface TokenizerWork extends TrainingText {
  /** Of the dataset. */
  readonly folder: string;
  /** The folder holds a preparation of the same text in the same way, which goes on. */
  readonly goesOn: boolean;
  readonly signal: AbortSignal;
}

export interface ChosenTokenizer {
  /** What decides on its ids, as JSON; part of the sources' fingerprint. */
  readonly way: unknown;
  /** @returns `characters`: those of the whole text, where they were counted */
  encoder(work: TokenizerWork): Promise<{ readonly encoder: Encoder; readonly characters: number | null }>;
}

/** @throws UserError 'tokenizer-missing', 'tokenizer-broken', 'tokenizer-unsupported' */
export async function chooseTokenizer(choice: TokenizerChoice): Promise<ChosenTokenizer> {
  if (choice === 'characters')
    return {
      way: choice,
      async encoder({ documents, tail, signal }) {
        const { codePoints, characters } = await trainingCharacters(documents(), tail, signal);
        return { encoder: charactersTokenizer(codePoints), characters };
      },
    };
  if (typeof choice === 'string') {
    const encoder = choice === 'gpt2' ? await gpt2Tokenizer() : bytesTokenizer();
    return { way: choice, encoder: async () => ({ encoder, characters: null }) };
  }
  if (choice.kind === 'trained')
    return { way: choice, encoder: async (work) => ({ encoder: await trained(choice, work), characters: null }) };
  const encoder = await encoderOfFile(choice.path);
  const content = createHash('sha256').update(encoder.huggingFaceFiles()['tokenizer.json']).digest('hex');
  return { way: { kind: choice.kind, content }, encoder: async () => ({ encoder, characters: null }) };
}

/** Training takes long, so its result is on disk before any token is; a preparation that goes on takes that. */
async function trained(choice: Extract<TokenizerChoice, { kind: 'trained' }>, work: TokenizerWork): Promise<Encoder> {
  const earlier = work.goesOn ? await loadEncoder(work.folder) : null;
  if (earlier !== null) return earlier;
  const path = join(work.folder, 'tokenizer.json');
  const text = await trainBpe(work, choice, work.signal);
  await writeFileAtomically(path, text);
  return encoderOfText(path, text);
}
