/** What this backend fuses across the borders of operations. Bits are the same with the table on and off. */
import type { FusionRow } from '../../program/fusion.ts';
import type { Op } from '../../program/types.ts';

/** Part of the numerics: raise it when a row is added or changed. */
export const fusionVersion = 1;

export type Fused =
  /** Both gradients, the first multiplying its dx by the slope of the second's activation as it leaves the product. */
  | { readonly kind: 'gatedBackward'; readonly outer: Op<'linearBackward'>; readonly inner: Op<'linearBackward'> }
  /** The dropped delta goes straight into the sum. */
  | { readonly kind: 'droppedNorm'; readonly dropout: Op<'dropout'>; readonly norm: Op<'residualLayerNorm'> };

const gatedBackward: FusionRow<Fused> = {
  name: 'gelu backward in the epilogue of dx',
  pattern: ['linearBackward', 'linearBackward'],
  replace(ops, uses) {
    const [outer, inner] = ops as [Op<'linearBackward'>, Op<'linearBackward'>];
    const dx = outer.out.dx;
    const fits = inner.in.dy === dx && inner.attrs.activation !== 'none' && uses.inner(dx) && !outer.writes.dx;
    return fits ? { kind: 'gatedBackward', outer, inner } : null;
  },
};

const droppedNorm: FusionRow<Fused> = {
  name: 'dropout in residualLayerNorm',
  pattern: ['dropout', 'residualLayerNorm'],
  replace(ops, uses) {
    const [dropout, norm] = ops as [Op<'dropout'>, Op<'residualLayerNorm'>];
    const fits = norm.in.delta === dropout.out.y && norm.in.x !== dropout.out.y && uses.inner(dropout.out.y);
    return fits ? { kind: 'droppedNorm', dropout, norm } : null;
  },
};

export const fusionTable: readonly FusionRow<Fused>[] = [gatedBackward, droppedNorm];
