/**
 * WGSL from typed templates. A kernel family names its tensors, its numbers and its body; this file writes the
 * declarations around them, so that no shader states a binding by hand.
 */

/** A tensor of a shader. `type` is what the shader reads its bits as. */
export interface Slot {
  readonly name: string;
  readonly type?: 'f32' | 'u32' | 'i32';
  readonly writes?: boolean;
}

export interface Shader {
  /** Kernel and variant, as profiles and errors name it. */
  readonly name: string;
  readonly slots: readonly Slot[];
  /** Numbers that stay the same from run to run, by name. */
  readonly numbers: Readonly<Record<string, 'u32' | 'f32'>>;
  readonly workgroup: readonly [number, number, number];
  /** Functions and workgroup memory. */
  readonly declarations?: string;
  /** Of `main`: `group`, `groups`, `local` and `lane` are the builtins, `p` the numbers, `s` the run's scalars. */
  readonly body: string;
}

/** What `p.mode` means in every shader: how an output is written. */
export const modes = { overwrite: 0, first: 1, add: 2 } as const;

/** Layout of the scalars' buffer: eight words. */
export const scalarBytes = 32;

const scalars = `struct Scalars {
  accumulate: u32, lossScale: f32, seed: u32, step: u32,
  microBatch: u32, position: u32, learningRate: f32, ringSlot: u32,
}`;

/** Threads of a shader that works element by element. */
export const flat = 256;

/** Workgroups for so many blocks, in as many axes as the limit of 65,535 a side wants. */
export function gridOf(blocks: number): [number, number, number] {
  const width = Math.min(blocks, 32_768);
  return [width, Math.ceil(blocks / Math.max(1, width)), 1];
}

/** First line of a body that handles one element a thread: returns past `count`. */
export const perElement = (count: string) => `
  let i = (group.x + group.y * groups.x) * ${flat}u + lane;
  if (i >= ${count}) { return; }`;

/** Whether an output is added into. The shader has a number `mode`. */
export const addsFunction = `
fn adds() -> bool { return p.mode == ${modes.add}u || (p.mode == ${modes.first}u && s.accumulate == 1u); }`;

/**
 * How a kernel that reduces rows is spread: a workgroup of so many threads a row, or, for software adapters, which take
 * long for every barrier, one thread a row.
 */
export interface Spread {
  readonly threads: number;
  /** Distance of the elements that a thread takes of its row, from `turn` on. */
  readonly stride: string;
  readonly workgroup: readonly [number, number, number];
  /** First lines of the body: `row` and `turn`; returns past `count` rows. */
  readonly head: (count: string) => string;
  /** Whether this thread writes what there is one of a row. */
  readonly writes: string;
  readonly grid: (rows: number) => [number, number, number];
  /** A function that gives every thread of a row the sum or the largest of one value each, in a fixed order. */
  readonly reduction: (name: string, combine: 'sum' | 'max') => string;
}

const loneRows = 64;

export function spread(threads: number, shared: boolean): Spread {
  if (!shared)
    return {
      threads: loneRows,
      stride: '1u',
      workgroup: [loneRows, 1, 1],
      head: (count) => `
  let row = (group.x + group.y * groups.x) * ${loneRows}u + lane;
  if (row >= ${count}) { return; }
  let turn = 0u;`,
      writes: 'true',
      grid: (rows) => gridOf(Math.ceil(rows / loneRows)),
      reduction: (name) => `
fn ${name}(value: f32, lane: u32) -> f32 { return value; }`,
    };
  return {
    threads,
    stride: `${threads}u`,
    workgroup: [threads, 1, 1],
    head: (count) => `
  let row = group.x + group.y * groups.x;
  if (row >= ${count}) { return; }
  let turn = lane;`,
    writes: 'lane == 0u',
    grid: gridOf,
    reduction: (name, combine) => reduction(name, threads, combine),
  };
}

function reduction(name: string, threads: number, combine: 'sum' | 'max'): string {
  const [one, other] = [`${name}Slots[lane]`, `${name}Slots[lane + half]`];
  const joined = combine === 'sum' ? `${one} + ${other}` : `max(${one}, ${other})`;
  return `
var<workgroup> ${name}Slots: array<f32, ${threads}>;
fn ${name}(value: f32, lane: u32) -> f32 {
  ${one} = value;
  workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half = half / 2u) {
    if (lane < half) { ${one} = ${joined}; }
    workgroupBarrier();
  }
  let whole = ${name}Slots[0];
  workgroupBarrier();
  return whole;
}`;
}

/** How a slot is bound: what is only read, or shares another slot's memory, is declared so. */
export interface Bound {
  /** Slots that the shader reads under another slot's name, since both are the same memory. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Slots whose buffer no slot of the dispatch writes. */
  readonly readOnly: ReadonlySet<string>;
}

/** Slots that get a binding of their own, in binding order; the first has number 2. */
export function boundSlots(shader: Shader, { aliases }: Bound): Slot[] {
  return shader.slots.filter(({ name }) => aliases[name] === undefined);
}

/** A shader's whole text. */
export function wgsl(shader: Shader, bound: Bound, enables = ''): string {
  const { numbers, workgroup, slots } = shader;
  const declared = boundSlots(shader, bound).map(({ name, type = 'f32' }, at) => {
    const access = bound.readOnly.has(name) ? 'read' : 'read_write';
    return `@group(0) @binding(${at + 2}) var<storage, ${access}> ${name}: array<${type}>;`;
  });
  let text = `${shader.declarations ?? ''}
@compute @workgroup_size(${workgroup.join(', ')})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32) {${shader.body}
}
`;
  for (const [name, other] of Object.entries(bound.aliases)) {
    const type = (slot: string) => slots.find((s) => s.name === slot)?.type ?? 'f32';
    if (type(name) !== type(other)) throw new Error(`${shader.name}: ${name} and ${other} are one tensor of two types`);
    text = text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), other);
  }
  const fields = Object.entries(numbers).map(([name, type]) => `${name}: ${type}`);
  return `// ${shader.name}
${enables}struct Numbers { ${fields.length > 0 ? fields.join(', ') : 'unused: u32'} }
${scalars}
@group(0) @binding(0) var<uniform> p: Numbers;
@group(0) @binding(1) var<uniform> s: Scalars;
${declared.join('\n')}
${text}`;
}

/** A shader's numbers as its uniform buffer holds them. Throws Error where one is missing. */
export function packNumbers(shader: Shader, values: Readonly<Record<string, number>>): Uint32Array {
  const words = new Uint32Array(Math.max(4, Object.keys(shader.numbers).length));
  const floats = new Float32Array(words.buffer);
  Object.entries(shader.numbers).forEach(([name, type], at) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${shader.name}: number ${name} is not given`);
    if (type === 'f32') floats[at] = value;
    else words[at] = value;
  });
  return words;
}
