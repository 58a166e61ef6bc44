/** Turns a program into shaders with their tensors, and places activations and workspaces in pages of one arena. */
import { UserError } from '../../errors.ts';
import { planArena } from '../../program/plan.ts';
import { readsOf, sizeOf, writesOf } from '../../program/shapes.ts';
import type { AnyOp, Program } from '../../program/types.ts';
import { onlyGpt2 } from '../unsupported.ts';
import { attention, attentionBackward, cachedAttention } from './kernels/attention.ts';
import { classifierLogits, classifierLoss } from './kernels/classifier.ts';
import { type Dispatch, type Settings, Space } from './kernels/dispatch.ts';
import { dropout, lastPosition } from './kernels/elementwise.ts';
import { embedding, embeddingBackward } from './kernels/embedding.ts';
import { linear, linearBackward } from './kernels/linear.ts';
import { layerNorm, layerNormBackward } from './kernels/norm.ts';
import { adamw, recordLoss } from './kernels/update.ts';

/** Where bindings may begin: WebGPU's default `minStorageBufferOffsetAlignment`. */
export const bindingAlignment = 256;

export interface LoweredOp {
  readonly op: AnyOp;
  readonly dispatches: readonly Dispatch[];
  /** First byte of the operation's workspace in the arena. */
  readonly workspace: number;
}

export interface Lowered {
  readonly ops: readonly LoweredOp[];
  /** First byte of every activation in the arena, or of a result in the results' buffer. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly results: ReadonlyMap<number, number>;
  readonly arenaBytes: number;
  readonly resultBytes: number;
}

const align = (bytes: number) => Math.ceil(bytes / bindingAlignment) * bindingAlignment;

/**
 * @param page most bytes of one buffer
 * @throws UserError 'backend-unsupported' where the program is of an architecture that this backend does not know
 */
export function lowerProgram(program: Program, settings: Settings, page: number): Lowered {
  onlyGpt2('webgpu', program);
  const results = new Map<number, number>();
  let resultBytes = 0;
  for (const tensor of program.results) {
    results.set(tensor.id, resultBytes);
    resultBytes += align(4 * sizeOf(tensor.shape));
  }
  const lowered = program.ops.map((op) => {
    const space = new Space();
    return { op, dispatches: lowerOp(op, space, settings), bytes: align(4 * space.elements) };
  });
  const steps = lowered.map(({ op, bytes }) => ({ reads: readsOf(op), writes: writesOf(op), workspace: bytes }));
  // Results outlive the run, so they lie outside the arena.
  const plan = planArena(steps, (t) => (results.has(t.id) ? 0 : align(4 * sizeOf(t.shape))), [], page);
  return {
    ops: lowered.map(({ op, dispatches }, at) => ({ op, dispatches, workspace: plan.workspaces[at] })),
    offsets: plan.offsets,
    results,
    arenaBytes: plan.bytes,
    resultBytes,
  };
}

/** Throws UserError 'backend-unsupported', or Error, naming an operation that this backend has no shaders for. */
function lowerOp(op: AnyOp, space: Space, settings: Settings): Dispatch[] {
  switch (op.kind) {
    case 'embedding':
      return embedding(op);
    case 'embeddingBackward':
      return embeddingBackward(op);
    case 'layerNorm':
    case 'residualLayerNorm':
      return layerNorm(op, settings);
    case 'layerNormBackward':
      return layerNormBackward(op, space, settings);
    case 'linear':
      return linear(op, space, settings);
    case 'linearBackward':
      return linearBackward(op, space, settings);
    case 'attention':
      return attention(op, settings);
    case 'attentionBackward':
      return attentionBackward(op, space, settings);
    case 'cachedAttention':
      return cachedAttention(op, space, settings);
    case 'dropout':
    case 'dropoutBackward':
      return dropout(op);
    case 'classifierLoss':
    case 'classifierLossTrain':
      return classifierLoss(op, space, settings);
    case 'classifierLogits':
      return classifierLogits(op, space, settings);
    case 'lastPosition':
      return lastPosition(op);
    case 'recordLoss':
      return recordLoss(op, settings);
    case 'adamw':
      return adamw(op, space, settings);
    case 'scheduleFree':
      throw new UserError(
        'backend-unsupported',
        'The webgpu backend has no schedule-free AdamW.',
        'Set optimizer.kind to adamw, or device.backend to native or auto.',
      );
    default:
      throw new Error(`webgpu has no shaders for the operation "${(op as { kind: string }).kind}"`);
  }
}
