/** How many bytes of weights an export will have, and which forms it can take. */

import { matrixElements, parameterCount } from '../../../../shared/architecture.ts';
import type { ModelConfig } from '../../../../shared/config.ts';
import type { ExportDType, ExportLayout } from '../../../../shared/export-layouts.ts';

/** q8_0: 32 weights and a scale in 34 bytes. */
const bytesPer: Readonly<Record<ExportDType, number>> = { float32: 4, float16: 2, bfloat16: 2, q8_0: 34 / 32 };
/** llm.c pads its vocabulary to a multiple of this. */
const vocabMultiple = 128;

/** Bytes of the weights in that layout; a GGUF file's tokenizer comes on top. */
export function exportBytes(model: ModelConfig, format: ExportDType, layout: ExportLayout): number {
  const { blockSize, vocabSize, width } = model;
  const own = parameterCount(model);
  if (layout === 'nanogpt') return own * bytesPer[format];
  if (layout === 'onnx') {
    const matrices = own - onnxVectors(model);
    return matrices * bytesPer[format] + (own - matrices) * bytesPer.float32;
  }
  // The others have biases everywhere; a model without them is written with zeros.
  const whole = parameterCount({ ...model, bias: model.architecture?.kind !== 'llama' });
  if (layout === 'huggingface') return whole * bytesPer[format];
  if (layout === 'llmc') {
    const padding = Math.ceil(vocabSize / vocabMultiple) * vocabMultiple - vocabSize;
    return (whole + padding * width) * bytesPer[format];
  }
  // Vectors and position embeddings stay float32; rows that are no whole blocks of 32 are float16.
  const plain = vectorWeights(model) + blockSize * width;
  const matrix = format === 'q8_0' && width % 32 !== 0 ? bytesPer.float16 : bytesPer[format];
  return plain * bytesPer.float32 + (whole - plain) * matrix;
}

/** Biases, and both halves of every LayerNorm. */
const vectorWeights = ({ layers, width }: ModelConfig): number => layers * (4 + 4 + 5) * width + 2 * width;

/** Weights that stay float32 in an ONNX file: norms and biases. */
function onnxVectors(model: ModelConfig): number {
  const { width, blockSize, vocabSize, architecture } = model;
  const embeddings = architecture && !architecture.tied ? 2 * vocabSize * width : vocabSize * width;
  const matrices = matrixElements(model) - vocabSize * width;
  return parameterCount(model) - embeddings - matrices - (architecture ? 0 : blockSize * width);
}

/** Whether a layout cannot say what this model is: all but one know GPT-2 only; nanoGPT has the exact GELU only, llm.c the tanh form. */
export function layoutRefuses(
  { gelu, architecture }: Pick<ModelConfig, 'gelu' | 'architecture'>,
  layout: ExportLayout,
): boolean {
  if (architecture) return layout !== 'huggingface' && layout !== 'onnx';
  return (layout === 'nanogpt' && gelu !== 'exact') || (layout === 'llmc' && gelu !== 'tanh');
}
