/** Backends that run GPT-2 and no other architecture. */
import { UserError } from '../errors.ts';
import type { AnyOp, OpKind, Program } from '../program/types.ts';
import type { BackendName } from './backend.ts';

/** Operations of GPT-NeoX and Llama alone. */
const beyond = [
  'rmsNorm',
  'residualRmsNorm',
  'rmsNormBackward',
  'add',
  'swiglu',
  'swigluBackward',
  'rotary',
  'rotaryBackward',
] as const satisfies OpKind[];
export type BeyondGpt2 = (typeof beyond)[number];

/** Throws UserError 'backend-unsupported' where a program is of another architecture, naming the first operation of it. */
export function onlyGpt2(backend: BackendName, { ops }: Program): void {
  const foreign = ops.find((op) => isBeyond(op));
  if (foreign)
    throw new UserError(
      'backend-unsupported',
      `The ${backend} backend runs GPT-2 only: it has no ${foreign.kind} of this model.`,
      'Set device.backend to native or auto.',
    );
}

function isBeyond(op: AnyOp): boolean {
  if (op.kind === 'linear' || op.kind === 'linearBackward') return op.attrs.transposed === true;
  return (beyond as readonly OpKind[]).includes(op.kind);
}
