/** Reads an exported model again and compares every weight with what it was made from. */
import { exportFormat } from '../../shared/export-layouts.ts';
import { foldedReader } from '../checkpoint/export/stored.ts';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../checkpoint/half.ts';
import {
  type ExportOptions,
  openModelFolder,
  type RunFolder,
  verifyFile,
  type WeightDType,
  type WeightReader,
} from '../checkpoint/index.ts';
import { UserError } from '../errors.ts';
import type { ParameterTable } from '../program/types.ts';

/** Elements compared at a time. */
const piece = 1 << 20;

const rounded: Record<WeightDType, (data: Float32Array) => Float32Array> = {
  float32: (data) => data,
  float16: (data) => fromHalf(toHalf(data)),
  bfloat16: (data) => fromBfloat16(toBfloat16(data)),
};

/**
 * Compares an export with the checkpoint that it was made from.
 * @returns how many weights were compared. Throws UserError('export-damaged') naming the first tensor that is not what it should be.
 */
export async function verifyExport(run: RunFolder, options: ExportOptions & { step: number }): Promise<number> {
  const compared = await verifyFile(run, options);
  if (compared !== null) return compared;
  const { step, of, layout, target } = options;
  const checkpoint = await run.openCheckpoint(step);
  try {
    const weights = await checkpoint.weights(of);
    const { table } = run;
    const expected = layout === 'nanogpt' ? foldedReader({ model: run.config.model, table, read: weights }) : weights;
    return await verifyWeights(target, { table, expected, dtype: exportFormat.parse(options.dtype) });
  } finally {
    await checkpoint.close();
  }
}

/** The same of any model folder or file. @param expected the vector that it was written from, before rounding */
export async function verifyWeights(
  target: string,
  { table, expected, dtype }: { table: ParameterTable; expected: WeightReader; dtype: WeightDType },
): Promise<number> {
  const folder = await openModelFolder(target);
  let compared = 0;
  try {
    for (const { name, offset } of table.entries) {
      const found = await folder.read(name);
      for (let start = 0; start < found.length; start += piece) {
        const count = Math.min(piece, found.length - start);
        const wanted = rounded[dtype](await expected(offset + start, count));
        for (let i = 0; i < count; i++)
          if (found[start + i] !== wanted[i])
            throw new UserError(
              'export-damaged',
              `The export in ${target} was read again, and ${name} is not what was written.`,
              'Export again, to another disk if it happens twice.',
            );
      }
      compared += found.length;
    }
    return compared;
  } finally {
    await folder.close();
  }
}
