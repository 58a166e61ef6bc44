/** What lowering makes of an operation: shaders with the tensors, numbers and grid of each. */
import type { AnyOp, Tensor, WriteMode } from '../../../program/types.ts';
import { modes, type Shader } from '../wgsl.ts';

/** Floats that an operation needs for itself alone, in the arena. */
export interface Workspace {
  readonly workspace: true;
  /** First float; a multiple of 64. */
  readonly start: number;
  readonly elements: number;
}
/** A row of a store: the whole of what the caller bound, or so many elements of the tensor. */
export interface Part {
  readonly tensor: Tensor;
  readonly whole?: true;
  /** First element after the tensor's own first; a multiple of 64. */
  readonly start?: number;
  readonly elements?: number;
}
/** Words that the executable writes before a run: order of tokens. */
export interface Table {
  readonly table: string;
}
export type Operand = Tensor | Workspace | Part | Table;

export interface Dispatch {
  readonly shader: Shader;
  readonly operands: Readonly<Record<string, Operand>>;
  readonly numbers: Readonly<Record<string, number>>;
  readonly grid: readonly [number, number, number];
}

/** What every family is lowered with. */
export interface Settings {
  /** Of matrix products. */
  readonly tiles: Tiles;
  /** Most bytes of a chunk of logits. */
  readonly logitBytes: number;
  /** Most bytes of one binding. */
  readonly bindingBytes: number;
  /** Bytes of memory that a workgroup shares. */
  readonly workgroupBytes: number;
  /** Constant tables by name, filled while lowering. */
  readonly constants: Map<string, Uint32Array>;
}

/** Tile choices of a matrix product. */
export interface Tiles {
  readonly name: string;
  /** Whether operands are staged in workgroup memory; software adapters are slow at barriers. */
  readonly staged: boolean;
  /** Rows and columns of a workgroup's tile, and depth of what is staged at a time. */
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Rows and columns of one thread's tile. */
  readonly threadRows: number;
  readonly threadColumns: number;
  /** Least depth of a piece where the sum over k is cut, and tiles from which on it is not. */
  readonly splitDepth: number;
  readonly splitBelow: number;
}

/** Hands out workspace in order. */
export class Space {
  elements = 0;

  take(elements: number): Workspace {
    const start = this.elements;
    this.elements += Math.ceil(elements / 64) * 64;
    return { workspace: true, start, elements };
  }
}

/** How an operation writes one of its outputs. */
export function modeOf(op: AnyOp, output: string): number {
  const mode: WriteMode | undefined = op.writes[output];
  return mode ? modes[mode] : modes.overwrite;
}
