/**
 * Derives the backward pass of a recorded program. Each rule says what it needs the forward
 * operation to save and which backward operation it emits; the loss takes its training form, which
 * computes loss and gradients at once. Reverse accumulation over the list, last operation first.
 */
import type { AnyOp, Op, OpKind, Program, Tensor, WriteMode } from './types.ts';

/** Forward, then backward. Throws Error where a gradient meets an operation without a rule. */
export function derive(forward: Program): Program {
  const losses = forward.ops.filter((op) => op.kind === 'classifierLoss');
  if (losses.length !== 1)
    throw new Error(`${forward.name}: a derivative needs one classifierLoss, found ${losses.length}`);
  const tape = new Tape(forward);
  const ops = forward.ops.map((op) => trainingForm(op, tape));
  const backward = tape.collect();
  for (const op of [...ops].reverse()) {
    if (!outputs(op).some((t) => tape.gradient(t) !== undefined)) continue;
    const rule = rules[op.kind] as ((op: AnyOp, tape: Tape) => void) | undefined;
    if (!rule) throw new Error(`${forward.name}: ${op.kind} has no derivative`);
    rule(op, tape);
  }
  return { name: forward.name, ops: [...ops, ...backward], results: forward.results };
}

/** What a forward operation becomes when its derivative is wanted. */
function trainingForm(op: AnyOp, tape: Tape): AnyOp {
  switch (op.kind) {
    case 'linear': {
      if (op.attrs.activation === 'none') return op;
      const pre = tape.activation(`${op.out.y.name}.pre`, op.out.y.shape);
      return { ...op, out: { ...op.out, pre } };
    }
    case 'classifierLoss': {
      const { x, weight, targets } = op.in;
      const dx = tape.target(x);
      const dweight = tape.parameter(weight);
      return {
        kind: 'classifierLossTrain',
        in: { x, weight, targets },
        out: { losses: op.out.losses, dx: dx.tensor, dweight: dweight.tensor },
        attrs: op.attrs,
        writes: { ...mode('dx', dx), ...mode('dweight', dweight) },
      };
    }
    default:
      return op;
  }
}

type Rules = { readonly [K in OpKind]?: (op: Op<K>, tape: Tape) => void };

const rules: Rules = {
  embedding(op, tape) {
    const { tokens, wte, wpe } = op.in;
    const dwte = tape.parameter(wte);
    const dwpe = wpe && tape.parameter(wpe);
    tape.emit<'embeddingBackward'>({
      kind: 'embeddingBackward',
      in: { tokens, dy: tape.needed(op.out.y) },
      out: { dwte: dwte.tensor, dwpe: dwpe?.tensor },
      attrs: {},
      writes: { ...mode('dwte', dwte), ...(dwpe && mode('dwpe', dwpe)) },
    });
  },

  rmsNorm(op, tape) {
    const { x, weight } = op.in;
    const { rstd, y } = op.out;
    tape.replace(x, tape.rmsNorm(x, tape.gradient(x), { weight, rstd, dy: tape.needed(y) }));
  },

  residualRmsNorm(op, tape) {
    const { x, delta, weight } = op.in;
    const { sum, rstd, y } = op.out;
    const dy = tape.gradient(y);
    const dsum = dy ? tape.rmsNorm(sum, tape.gradient(sum), { weight, rstd, dy }) : tape.needed(sum);
    tape.contribute(x, dsum);
    tape.contribute(delta, dsum);
  },

  add(op, tape) {
    const dy = tape.needed(op.out.y);
    tape.contribute(op.in.a, dy);
    tape.contribute(op.in.b, dy);
  },

  swiglu(op, tape) {
    const { gate, up } = op.in;
    const dgate = tape.target(gate);
    const dup = tape.target(up);
    tape.emit<'swigluBackward'>({
      kind: 'swigluBackward',
      in: { gate, up, dy: tape.needed(op.out.y) },
      out: { dgate: dgate.tensor, dup: dup.tensor },
      attrs: {},
      writes: { ...mode('dgate', dgate), ...mode('dup', dup) },
    });
  },

  rotary(op, tape) {
    const { q, k, v } = op.in;
    const dq = tape.target(q);
    const dk = k && tape.target(k);
    const dv = v && tape.target(v);
    tape.emit<'rotaryBackward'>({
      kind: 'rotaryBackward',
      in: { dqkv: tape.needed(op.out.qkv) },
      out: { dq: dq.tensor, dk: dk?.tensor, dv: dv?.tensor },
      attrs: op.attrs,
      writes: { ...mode('dq', dq), ...(dk && mode('dk', dk)), ...(dv && mode('dv', dv)) },
    });
  },

  layerNorm(op, tape) {
    const { x, weight, bias } = op.in;
    const { mean, rstd, y } = op.out;
    // What already reached x is added on the way, so that the sum costs no pass of its own.
    tape.replace(x, tape.layerNorm(x, tape.gradient(x), { weight, bias, mean, rstd, dy: tape.needed(y) }));
  },

  residualLayerNorm(op, tape) {
    const { x, delta, weight, bias } = op.in;
    const { sum, mean, rstd, y } = op.out;
    const dy = tape.gradient(y);
    const dsum = dy ? tape.layerNorm(sum, tape.gradient(sum), { weight, bias, mean, rstd, dy }) : tape.needed(sum);
    tape.contribute(x, dsum);
    tape.contribute(delta, dsum);
  },

  linear(op, tape) {
    const { x, weight, bias } = op.in;
    const dy = tape.needed(op.out.y);
    const dx = tape.target(x);
    const dweight = tape.parameter(weight);
    const dbias = bias && tape.parameter(bias);
    tape.emit<'linearBackward'>({
      kind: 'linearBackward',
      in: { x, weight, dy, pre: op.out.pre },
      out: { dx: dx.tensor, dweight: dweight.tensor, dbias: dbias?.tensor },
      attrs: op.attrs,
      writes: { ...mode('dx', dx), ...mode('dweight', dweight), ...(dbias && mode('dbias', dbias)) },
    });
  },

  attention(op, tape) {
    const { y, lse } = op.out;
    const dqkv = tape.target(op.in.qkv);
    tape.emit<'attentionBackward'>({
      kind: 'attentionBackward',
      in: { qkv: op.in.qkv, y, lse, dy: tape.needed(y) },
      out: { dqkv: dqkv.tensor },
      attrs: op.attrs,
      writes: mode('dqkv', dqkv),
    });
  },

  dropout(op, tape) {
    tape.dropoutBackward(tape.needed(op.out.y), tape.target(op.in.x), op.attrs);
  },
};

/** Where a gradient is to be written, and how. No mode: overwrite. */
interface Target {
  readonly tensor: Tensor;
  readonly mode?: WriteMode;
}

function mode(output: string, target: Target): { [name: string]: WriteMode } {
  return target.mode ? { [output]: target.mode } : {};
}

function outputs(op: AnyOp): Tensor[] {
  return Object.values(op.out).filter((t): t is Tensor => t !== undefined);
}

/** The gradients known so far and the backward list they are written by. */
class Tape {
  readonly #ops: AnyOp[] = [];
  readonly #activations = new Map<number, Tensor>();
  /** Gradients that stand for two tensors at once (both terms of a sum): never added into. */
  readonly #shared = new Set<Tensor>();
  readonly #parameters = new Map<number, Tensor>();
  #ids: number;

  constructor(forward: Program) {
    const tensors = forward.ops.flatMap((op) => [...Object.values(op.in), ...outputs(op)] as (Tensor | undefined)[]);
    this.#ids = 1 + tensors.reduce((top, t) => Math.max(top, t?.id ?? 0), 0);
  }

  /** The backward list; it grows as rules emit. Collected in place, read when done. */
  collect(): AnyOp[] {
    return this.#ops;
  }

  emit<K extends OpKind>(op: Op<K>): void {
    this.#ops.push(op as unknown as AnyOp);
  }

  activation(name: string, shape: readonly number[]): Tensor {
    return { id: this.#ids++, name, shape, dtype: 'f32', role: 'activation', store: null, offset: 0 };
  }

  gradient(of: Tensor): Tensor | undefined {
    return this.#activations.get(of.id);
  }

  /** The gradient of an output that is known to have one. */
  needed(of: Tensor): Tensor {
    const gradient = this.gradient(of);
    if (!gradient) throw new Error(`no gradient reached "${of.name}"`);
    return gradient;
  }

  replace(of: Tensor, gradient: Tensor): void {
    this.#activations.set(of.id, gradient);
  }

  /** Where an operation writes its contribution to an activation's gradient. */
  target(of: Tensor): Target {
    const known = this.gradient(of);
    if (!known) {
      const tensor = this.activation(`d ${of.name}`, of.shape);
      this.replace(of, tensor);
      return { tensor };
    }
    if (!this.#shared.has(known)) return { tensor: known, mode: 'add' };
    const tensor = this.activation(`d ${of.name}`, of.shape);
    this.#copy(known, { tensor });
    this.replace(of, tensor);
    return { tensor, mode: 'add' };
  }

  /** Lets a gradient that exists, and that others may read too, flow on to an activation unchanged. */
  contribute(to: Tensor, gradient: Tensor): void {
    if (this.gradient(to)) {
      this.#copy(gradient, this.target(to));
    } else {
      this.#shared.add(gradient);
      this.replace(to, gradient);
    }
  }

  /** A parameter's gradient. Its first writer may overwrite, later ones add: order of the program's list. */
  parameter(of: Tensor): Target {
    const known = this.#parameters.get(of.id);
    if (known) return { tensor: known, mode: 'add' };
    const { name, shape, offset } = of;
    const tensor: Tensor = { ...this.activation(`d ${name}`, shape), role: 'gradient', store: 'gradients', offset };
    this.#parameters.set(of.id, tensor);
    return { tensor, mode: 'first' };
  }

  layerNorm(
    x: Tensor,
    dresidual: Tensor | undefined,
    at: { weight: Tensor; bias?: Tensor; mean: Tensor; rstd: Tensor; dy: Tensor },
  ): Tensor {
    const { weight, bias, mean, rstd, dy } = at;
    const dx = this.activation(`d ${x.name}`, x.shape);
    const dweight = this.parameter(weight);
    const dbias = bias && this.parameter(bias);
    this.emit<'layerNormBackward'>({
      kind: 'layerNormBackward',
      in: { x, weight, mean, rstd, dy, dresidual },
      out: { dx, dweight: dweight.tensor, dbias: dbias?.tensor },
      attrs: {},
      writes: { ...mode('dweight', dweight), ...(dbias && mode('dbias', dbias)) },
    });
    return dx;
  }

  rmsNorm(
    x: Tensor,
    dresidual: Tensor | undefined,
    { weight, rstd, dy }: { weight: Tensor; rstd: Tensor; dy: Tensor },
  ): Tensor {
    const dx = this.activation(`d ${x.name}`, x.shape);
    const dweight = this.parameter(weight);
    this.emit<'rmsNormBackward'>({
      kind: 'rmsNormBackward',
      in: { x, weight, rstd, dy, dresidual },
      out: { dx, dweight: dweight.tensor },
      attrs: {},
      writes: mode('dweight', dweight),
    });
    return dx;
  }

  dropoutBackward(dy: Tensor, dx: Target, attrs: { rate: number; stream: number }): void {
    this.emit<'dropoutBackward'>({
      kind: 'dropoutBackward',
      in: { dy },
      out: { dx: dx.tensor },
      attrs,
      writes: mode('dx', dx),
    });
  }

  /** Copies or adds one gradient into another. Dropout at rate 0 is the identity, so no operation of its own is needed. */
  #copy(from: Tensor, to: Target): void {
    this.dropoutBackward(from, to, { rate: 0, stream: 0 });
  }
}
