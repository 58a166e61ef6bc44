/**
 * Places a program's activations in one arena by lifetime: two tensors share bytes only when no step
 * needs both. A backend lowers first and then plans what it lowered, with sizes of its own choosing.
 */
import { readsOf, writesOf } from './shapes.ts';
import type { Program, Tensor } from './types.ts';

/** Every placement starts at a multiple of this many bytes. */
export const arenaAlignment = 64;

/** One lowered operation: what it touches, and bytes it needs for itself alone. */
export interface PlanStep {
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
  readonly workspace?: number;
}

export interface ArenaPlan {
  /** Byte offset of every activation, by tensor id. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Byte offset of each step's workspace; 0 where it asks for none. */
  readonly workspaces: readonly number[];
  /** Length of the arena. */
  readonly bytes: number;
}

/** The steps of a program that is lowered one to one. */
export function stepsOf(program: Program): PlanStep[] {
  return program.ops.map((op) => ({ reads: readsOf(op), writes: writesOf(op) }));
}

interface Block {
  readonly id: number;
  readonly bytes: number;
  readonly first: number;
  last: number;
}

/**
 * Places every activation that the steps touch. A tensor lives from the step that first writes it to
 * the last that touches it; those in `kept` live to the end. Largest first, each at the lowest offset
 * that is free over its whole life. Throws Error when a step reads what no earlier step wrote.
 * @param page where memory comes in pieces of so many bytes, no block lies across the border of two; a block that is
 * larger than a page begins at one.
 */
export function planArena(
  steps: readonly PlanStep[],
  bytesOf: (tensor: Tensor) => number,
  kept: readonly Tensor[] = [],
  page = Number.POSITIVE_INFINITY,
): ArenaPlan {
  const inPage = (start: number, size: number) =>
    Math.floor(start / page) === Math.floor((start + size - 1) / page) ? start : Math.ceil(start / page) * page;
  const blocks = new Map<number, Block>();
  steps.forEach((step, at) => {
    for (const tensor of step.writes) {
      if (tensor.role !== 'activation') continue;
      const block = blocks.get(tensor.id);
      if (block) block.last = at;
      else blocks.set(tensor.id, { id: tensor.id, bytes: bytesOf(tensor), first: at, last: at });
    }
    for (const tensor of step.reads) {
      if (tensor.role !== 'activation') continue;
      const block = blocks.get(tensor.id);
      // Adding into a tensor reads it, so the step that first writes it must not be the one that reads it.
      if (!block || block.first === at) throw new Error(`step ${at} reads "${tensor.name}" before anything wrote it`);
      block.last = at;
    }
  });
  for (const tensor of kept) {
    const block = blocks.get(tensor.id);
    if (block) block.last = steps.length - 1;
  }

  // Workspaces are blocks that live for one step; ids below zero keep them apart from tensors.
  const all = [...blocks.values()];
  steps.forEach(({ workspace }, at) => {
    if (workspace) all.push({ id: -1 - at, bytes: workspace, first: at, last: at });
  });
  all.sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.id - b.id);

  const offsets = new Map<number, number>();
  const placed: (Block & { readonly start: number; readonly end: number })[] = [];
  let bytes = 0;
  for (const block of all) {
    const size = Math.ceil(block.bytes / arenaAlignment) * arenaAlignment;
    let start = 0;
    // `placed` is ascending by start: the first gap that is wide enough wins.
    for (const other of placed) {
      if (other.first > block.last || other.last < block.first) continue;
      if (other.start >= inPage(start, size) + size) break;
      start = Math.max(start, other.end);
    }
    start = inPage(start, size);
    const end = start + size;
    const index = placed.findIndex((other) => other.start > start);
    placed.splice(index < 0 ? placed.length : index, 0, { ...block, start, end });
    offsets.set(block.id, start);
    bytes = Math.max(bytes, end);
  }
  const workspaces = steps.map((_, at) => offsets.get(-1 - at) ?? 0);
  return { offsets: new Map([...offsets].filter(([id]) => id >= 0)), workspaces, bytes };
}
