/** How weights are written for other programs: layouts of files, and the dtypes that each can hold. */
import { z } from 'zod';

export const exportFormat = z.enum(['float32', 'float16', 'bfloat16']);
export type ExportFormat = z.infer<typeof exportFormat>;
/** A Hugging Face folder; one file as nanoGPT's train.py writes it; a GGUF file for llama.cpp; llm.c's checkpoint; an ONNX file. */
export const exportLayout = z.enum(['huggingface', 'nanogpt', 'gguf', 'llmc', 'onnx']);
export type ExportLayout = z.infer<typeof exportLayout>;
/** How weights may be written, by layout. */
export const exportDTypes = {
  huggingface: ['float32', 'float16', 'bfloat16'],
  nanogpt: ['float32', 'float16', 'bfloat16'],
  gguf: ['float32', 'float16', 'bfloat16', 'q8_0'],
  llmc: ['float32', 'bfloat16'],
  onnx: ['float32', 'float16'],
} as const satisfies Record<ExportLayout, readonly string[]>;
/** q8_0: blocks of 32 weights, 8 bits each, one scale. */
export const exportDType = z.enum([...exportFormat.options, 'q8_0']);
export type ExportDType = z.infer<typeof exportDType>;
/** What a layout's files are called; a folder has no ending. */
export const exportEnding = { huggingface: '', nanogpt: '.pt', gguf: '.gguf', llmc: '.bin', onnx: '.onnx' } as const;
