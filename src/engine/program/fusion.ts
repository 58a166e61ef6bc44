/**
 * Lowering by table. A row names operations that follow each other in the list and says what a
 * backend runs in their place. Rows are tried in order at every operation, the first that fits wins;
 * what no row takes stays as it is. Turned off, a program is lowered one to one.
 */
import { readsOf } from './shapes.ts';
import type { AnyOp, OpKind, Program, Tensor } from './types.ts';

/** What a row may ask about the whole program. */
export interface Uses {
  /** Operations that read the tensor. */
  readers(tensor: Tensor): number;
  /** Whether the caller may read it after a run. */
  isResult(tensor: Tensor): boolean;
  /** Whether nothing but one operation reads it, so that it need not exist once that one is fused with its producer. */
  inner(tensor: Tensor): boolean;
}

/** F: a backend's own fused operations. */
export interface FusionRow<F> {
  readonly name: string;
  /** Kinds of operations that stand next to each other. */
  readonly pattern: readonly OpKind[];
  /** The replacement, or null where shapes, attributes or other readers forbid it. */
  replace(ops: readonly AnyOp[], uses: Uses): F | null;
}

/** The program's list after the table, in order. */
export function lower<F>(program: Program, table: readonly FusionRow<F>[], enabled = true): (AnyOp | F)[] {
  if (!enabled) return [...program.ops];
  const uses = usesOf(program);
  const lowered: (AnyOp | F)[] = [];
  for (let at = 0; at < program.ops.length; ) {
    let taken = 1;
    let step: AnyOp | F = program.ops[at];
    for (const row of table) {
      const window = program.ops.slice(at, at + row.pattern.length);
      if (window.length < row.pattern.length || window.some((op, i) => op.kind !== row.pattern[i])) continue;
      const fused = row.replace(window, uses);
      if (fused === null) continue;
      step = fused;
      taken = window.length;
      break;
    }
    lowered.push(step);
    at += taken;
  }
  return lowered;
}

function usesOf(program: Program): Uses {
  const readers = new Map<number, number>();
  for (const op of program.ops)
    for (const tensor of new Set(readsOf(op))) readers.set(tensor.id, (readers.get(tensor.id) ?? 0) + 1);
  const results = new Set(program.results.map((t) => t.id));
  const count = (tensor: Tensor) => readers.get(tensor.id) ?? 0;
  const isResult = (tensor: Tensor) => results.has(tensor.id);
  return { readers: count, isResult, inner: (tensor) => count(tensor) === 1 && !isResult(tensor) };
}
