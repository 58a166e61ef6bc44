/** One file of weights, whichever of the three formats it has. */
import { extname } from 'node:path';
import { UserError } from '../../errors.ts';
import { SafetensorsReader } from '../safetensors.ts';
import { isLlmcFile, LlmcFile } from './llmc-file.ts';
import type { TensorSource } from './tensors.ts';
import { TorchFile } from './torch-file.ts';

const torchExtensions = ['.pt', '.pth', '.bin', '.ckpt'];
/** Whether a path has the name of one weights file. */
export const isWeightsName = (path: string): boolean =>
  ['.safetensors', ...torchExtensions].includes(extname(path).toLowerCase());

/**
 * One file of weights, by its extension; what ends in .bin may be PyTorch's or llm.c's, which its first bytes tell.
 * @throws UserError 'file-damaged', 'pickle-refused', 'model-missing'
 */
export async function openTensorFile(path: string): Promise<TensorSource> {
  const missing = (error: NodeJS.ErrnoException): never => {
    if (error.code !== 'ENOENT') throw error;
    throw new UserError('model-missing', `There is no file ${path}.`, 'Choose another.', { cause: error });
  };
  if (extname(path).toLowerCase() === '.bin' && (await isLlmcFile(path).catch(missing))) return LlmcFile.open(path);
  if (torchExtensions.includes(extname(path).toLowerCase())) return TorchFile.open(path).catch(missing);
  return SafetensorsReader.open(path).catch(missing);
}
