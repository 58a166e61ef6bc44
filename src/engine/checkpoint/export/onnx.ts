/**
 * A model as one ONNX file (onnx.ai, IR version 8) of plain operations of opset 17: input_ids int64 [batch, sequence] →
 * logits float32 [batch, sequence, vocabulary]. It computes in float32; in float16 the matrices are stored in half the
 * bytes and widened where they are used.
 */
import { UserError } from '../../errors.ts';
import { encode } from '../vector.ts';
import { OnnxGraph, onnxTypes, tensor, valueInfo, weightBytes } from './onnx-graph.ts';
import { onnxModel } from './onnx-models.ts';
import { head, integer, join, message, text } from './protobuf.ts';
import { type ModelContent, storedFloats } from './stored.ts';
import type { FileContent } from './stream-file.ts';

const irVersion = 8;
const opset = 17;
/** No message of protobuf may be longer. */
const mostBytes = 2 ** 31 - 1;

export interface OnnxContent extends ModelContent {
  readonly dtype: 'float32' | 'float16';
  readonly name: string;
  /** Provenance. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The model card; it goes into the file. */
  readonly card: string;
}

/** @throws UserError 'layout-unsupported' for more than ONNX holds in one file; its chunks 'not-finite', 'out-of-range' */
export function onnxFile(content: OnnxContent): FileContent {
  const { model, table, read, dtype, name, metadata, card } = content;
  const graph = new OnnxGraph(table.entries, dtype === 'float16');
  const [ids, logits] = ['input_ids', 'logits'];
  onnxModel(graph, model, ids, logits);
  const axes = ['batch', 'sequence'];
  const small = graph.bytes(
    name,
    [valueInfo(ids, onnxTypes.int64, axes)],
    [valueInfo(logits, onnxTypes.float32, [...axes, model.vocabSize])],
  );
  const tensors = graph.weights.map((weight) => {
    const bytes = weightBytes(weight);
    const before = join(tensor(weight.entry.name, onnxTypes[weight.type], weight.shape), head(9, bytes));
    return { weight, bytes, lead: join(head(5, before.length + bytes), before) };
  });
  const graphBytes = tensors.reduce((sum, { lead, bytes }) => sum + lead.length + bytes, small.length);
  const model0 = join(
    integer(1, irVersion),
    text(2, 'Meander'),
    text(6, card),
    message(8, integer(2, opset)),
    ...Object.entries(metadata).map(([key, value]) => message(14, text(1, key), text(2, value))),
    head(7, graphBytes),
  );
  const bytes = model0.length + graphBytes;
  if (bytes > mostBytes)
    throw new UserError(
      'layout-unsupported',
      `This model takes ${(bytes / 1e9).toFixed(1)} GB in ${dtype}, and one ONNX file holds 2.1 GB at most.`,
      dtype === 'float32'
        ? 'Export it in float16, or as a Hugging Face folder.'
        : 'Export it as a Hugging Face folder.',
    );
  return {
    bytes,
    async *chunks() {
      yield model0;
      yield small;
      for (const { weight, lead, bytes: size } of tensors) {
        yield lead;
        const count = size / (weight.type === 'float32' ? 4 : 2);
        const stored = { entry: weight.entry, name: weight.entry.name, count, turned: false };
        for await (const data of storedFloats(read, stored)) yield encode(data, weight.type, weight.entry.name);
      }
    },
  };
}
