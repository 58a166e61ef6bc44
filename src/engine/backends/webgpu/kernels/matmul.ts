/**
 * Matrix products C [m,n] = A · B with epilogues. `plain`: one small tile a thread, straight from memory. `staged`:
 * tiles of A and B in workgroup memory, a register tile a thread. Every element is a sum in ascending k, in pieces
 * where k is long and the tiles are few; how it is cut follows from the shape and the tiles alone.
 */
import type { OpTable, Tensor } from '../../../program/types.ts';
import { addsFunction, type Shader } from '../wgsl.ts';
import type { Dispatch, Operand, Space, Tiles } from './dispatch.ts';
import { sumParts } from './elementwise.ts';
import { activateFunction } from './gelu.ts';

/** For software adapters: no barriers. */
export const plainTiles: Tiles = {
  name: 'plain 32x32',
  staged: false,
  rows: 32,
  columns: 32,
  depth: 1,
  threadRows: 4,
  threadColumns: 4,
  splitDepth: 48,
  splitBelow: 4,
};
/** For graphics cards. */
export const stagedTiles: Tiles = {
  name: 'staged 64x64x16',
  staged: true,
  rows: 64,
  columns: 64,
  depth: 16,
  threadRows: 4,
  threadColumns: 4,
  splitDepth: 512,
  splitBelow: 256,
};
/** Staged tiles to choose from: what is best depends on the card and the shape. */
export const stagedVariants: readonly Tiles[] = [
  stagedTiles,
  { ...stagedTiles, name: 'staged 128x64x16', rows: 128, threadRows: 8 },
  { ...stagedTiles, name: 'staged 128x128x8', rows: 128, columns: 128, depth: 8, threadRows: 8, threadColumns: 8 },
  { ...stagedTiles, name: 'staged 32x32x16', rows: 32, columns: 32, threadRows: 2, threadColumns: 2 },
];

export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Operand;
  /** A is stored [k,m] rather than [m,k]. */
  readonly aTransposed?: boolean;
  readonly b: Operand;
  /** B is stored [n,k] rather than [k,n]. */
  readonly bTransposed?: boolean;
  readonly c: Operand;
  /** First elements of A, B and C inside their tensors. */
  readonly aStart?: number;
  readonly bStart?: number;
  readonly cStart?: number;
  /** How C is written. */
  readonly mode: number;
  readonly bias?: Tensor;
  /** C = act(A · B + bias); `pre` keeps what was before act. */
  readonly activation?: OpTable['linear']['attrs']['activation'];
  readonly pre?: Tensor;
}

interface Variant {
  readonly aTransposed: boolean;
  readonly bTransposed: boolean;
  readonly bias: boolean;
  readonly activation: OpTable['linear']['attrs']['activation'];
  readonly pre: boolean;
  /** Writes pieces of the sum over k one after the other. */
  readonly split: boolean;
}

const numbers = {
  m: 'u32',
  n: 'u32',
  k: 'u32',
  piece: 'u32',
  aStart: 'u32',
  bStart: 'u32',
  cStart: 'u32',
  mode: 'u32',
} as const;

export function productShader(tiles: Tiles, variant: Variant): Shader {
  const { aTransposed, bTransposed, bias, activation, pre, split } = variant;
  const words = [
    aTransposed && 'Aᵀ',
    bTransposed && 'Bᵀ',
    bias && 'bias',
    activation !== 'none' && activation,
    pre && 'pre kept',
    split && 'split',
  ];
  return {
    name: `matmul ${tiles.name} ${words.filter(Boolean).join(', ')}`.trim(),
    slots: [
      { name: 'a' },
      { name: 'b' },
      ...(bias ? [{ name: 'bias' }] : []),
      ...(pre ? [{ name: 'pre', writes: true }] : []),
      { name: 'c', writes: true },
    ],
    numbers,
    workgroup: [tiles.columns / tiles.threadColumns, tiles.rows / tiles.threadRows, 1],
    declarations: `${split ? '' : addsFunction}
${activation === 'none' ? '' : activateFunction(activation)}
fn aAt(i: u32, k: u32) -> f32 { return a[p.aStart + ${aTransposed ? 'k * p.m + i' : 'i * p.k + k'}]; }
fn bAt(k: u32, j: u32) -> f32 { return b[p.bStart + ${bTransposed ? 'j * p.k + k' : 'k * p.n + j'}]; }
${tiles.staged ? stagedMemory(tiles) : ''}`,
    body: `
  let row = group.y * ${tiles.rows}u + local.y * ${tiles.threadRows}u;
  let column = group.x * ${tiles.columns}u + local.x * ${tiles.threadColumns}u;
  let first = group.z * p.piece;
  let last = min(first + p.piece, p.k);
  var sums: array<array<f32, ${tiles.threadColumns}>, ${tiles.threadRows}>;
${tiles.staged ? stagedLoop(tiles, variant) : plainLoop(tiles)}
  for (var r = 0u; r < ${tiles.threadRows}u; r++) {
    let i = row + r;
    if (i >= p.m) { break; }
    for (var q = 0u; q < ${tiles.threadColumns}u; q++) {
      let j = column + q;
      if (j >= p.n) { break; }
      ${store(variant)}
    }
  }`,
  };
}

function store({ bias, activation, pre, split }: Variant): string {
  if (split) return 'c[(group.z * p.m + i) * p.n + j] = sums[r][q];';
  return `var value = sums[r][q]${bias ? ' + bias[j]' : ''};
      ${pre ? 'pre[i * p.n + j] = value;' : ''}
      ${activation === 'none' ? '' : 'value = activate(value);'}
      let at = p.cStart + i * p.n + j;
      if (adds()) { value = c[at] + value; }
      c[at] = value;`;
}

/** Rows and columns past the edge repeat the last one; they are never stored. */
function plainLoop({ threadRows, threadColumns }: Tiles): string {
  const rows = [...Array(threadRows).keys()];
  const columns = [...Array(threadColumns).keys()];
  return `
  ${rows.map((r) => `let i${r} = min(row + ${r}u, p.m - 1u);`).join(' ')}
  ${columns.map((q) => `let j${q} = min(column + ${q}u, p.n - 1u);`).join(' ')}
  for (var k = first; k < last; k++) {
    ${columns.map((q) => `let b${q} = bAt(k, j${q});`).join(' ')}
    ${rows.map((r) => `let a${r} = aAt(i${r}, k);\n    ${columns.map((q) => `sums[${r}][${q}] += a${r} * b${q};`).join(' ')}`).join('\n    ')}
  }`;
}

const stagedMemory = ({ rows, columns, depth }: Tiles) => `
var<workgroup> aTile: array<f32, ${rows * depth}>;
var<workgroup> bTile: array<f32, ${columns * depth}>;`;

/** Neighbouring threads read neighbouring words, whichever way the operand lies. */
function stagedLoop(tiles: Tiles, { aTransposed, bTransposed }: Variant): string {
  const { rows, columns, depth, threadRows, threadColumns } = tiles;
  const threads = (rows / threadRows) * (columns / threadColumns);
  const load = (name: string, side: number, alongDepth: boolean, limit: string, base: string) => `
    for (var e = lane; e < ${side * depth}u; e += ${threads}u) {
      let across = ${alongDepth ? `e / ${depth}u` : `e % ${side}u`};
      let deep = ${alongDepth ? `e % ${depth}u` : `e / ${side}u`};
      let at = ${base} + across;
      var value = 0.0;
      if (at < ${limit} && k0 + deep < last) {
        value = ${name === 'a' ? 'aAt(at, k0 + deep)' : 'bAt(k0 + deep, at)'};
      }
      ${name}Tile[deep * ${side}u + across] = value;
    }`;
  const r = [...Array(threadRows).keys()];
  const q = [...Array(threadColumns).keys()];
  return `
  for (var k0 = first; k0 < last; k0 += ${depth}u) {
    ${load('a', rows, !aTransposed, 'p.m', `group.y * ${rows}u`)}
    ${load('b', columns, bTransposed, 'p.n', `group.x * ${columns}u`)}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      let aFrom = k * ${rows}u + local.y * ${threadRows}u;
      let bFrom = k * ${columns}u + local.x * ${threadColumns}u;
      ${q.map((i) => `let b${i} = bTile[bFrom + ${i}u];`).join(' ')}
      ${r.map((i) => `let a${i} = aTile[aFrom + ${i}u];\n      ${q.map((j) => `sums[${i}][${j}] += a${i} * b${j};`).join(' ')}`).join('\n      ')}
    }
    workgroupBarrier();
  }`;
}

/** Pieces that the sum over k is cut into. */
export function splitsOf(tiles: Tiles, m: number, n: number, k: number): number {
  const count = Math.ceil(m / tiles.rows) * Math.ceil(n / tiles.columns);
  if (count >= tiles.splitBelow) return 1;
  return Math.max(1, Math.min(Math.floor(k / tiles.splitDepth), Math.ceil(tiles.splitBelow / count), 32));
}

/** Lowers one product. */
export function product(tiles: Tiles, space: Space, given: Product): Dispatch[] {
  const { m, n, k, a, b, c, mode, bias, pre, activation = 'none' } = given;
  const { aTransposed = false, bTransposed = false, aStart = 0, bStart = 0, cStart = 0 } = given;
  const whole = !bias && activation === 'none' && cStart === 0 && 'shape' in c;
  const splits = whole ? splitsOf(tiles, m, n, k) : 1;
  const piece = Math.ceil(k / splits);
  const tileGrid = [Math.ceil(n / tiles.columns), Math.ceil(m / tiles.rows)] as const;
  const numbersOf = { m, n, k, piece, aStart, bStart, cStart, mode };
  const variant = { aTransposed, bTransposed, bias: !!bias, activation, pre: !!pre, split: splits > 1 };
  const shader = productShader(tiles, variant);
  if (splits === 1)
    return [
      {
        shader,
        operands: { a, b, ...(bias && { bias }), ...(pre && { pre }), c },
        numbers: numbersOf,
        grid: [...tileGrid, 1],
      },
    ];
  const parts = space.take(splits * m * n);
  return [
    { shader, operands: { a, b, c: parts }, numbers: numbersOf, grid: [...tileGrid, splits] },
    sumParts(parts, splits, m * n, c as Tensor, m * n, mode),
  ];
}
