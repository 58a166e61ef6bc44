/**
 * The header of a safetensors file, read as if an attacker wrote it.
 * Format: 8 bytes little-endian length N, N bytes of JSON {name: {dtype, shape, data_offsets}}, then one buffer;
 * offsets relative to the buffer, which has no holes (github.com/huggingface/safetensors, "Format").
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { formatBytes } from '../files.ts';

/** Bytes per element. */
export const dtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;
export type SafetensorsDType = keyof typeof dtypeBytes;

export interface TensorInfo {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly elements: number;
  /** First byte in the file. */
  readonly position: number;
  readonly bytes: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Size of the whole file. */
  readonly bytes: number;
}

/** The format's own limit. */
export const headerLimit = 100_000_000;

/** What a damaged file throws: names the file and the reason. */
export function damaged(path: string, reason: string): UserError {
  return new UserError(
    'file-damaged',
    `${path} is not a usable safetensors file: ${reason}.`,
    'Copy or download the file again, or use another checkpoint.',
  );
}

/**
 * Reads and checks the header alone.
 * @throws UserError 'file-damaged' for anything that the format does not allow
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const handle = await open(path, 'r');
  try {
    return await readHeader(handle, path);
  } finally {
    await handle.close();
  }
}

/** Fills `target` from `position`; a file that ends earlier is damaged. */
export async function readFully(handle: FileHandle, path: string, target: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw damaged(path, `it ends at byte ${position + done}, inside its data`);
    done += bytesRead;
  }
}

export async function readHeader(handle: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  if (size < 8) throw damaged(path, `it has ${size} bytes, less than the 8 of the header's length`);
  const prefix = new Uint8Array(8);
  await readFully(handle, path, prefix, 0);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(headerLimit))
    throw damaged(path, `its header claims ${length} bytes, the format allows ${headerLimit}`);
  if (length > BigInt(size - 8))
    throw damaged(path, `its header claims ${length} bytes, but the file has only ${size - 8} more (truncated?)`);
  const raw = new Uint8Array(Number(length));
  await readFully(handle, path, raw, 8);
  return parseHeader(path, raw, size);
}

function parseHeader(path: string, raw: Uint8Array, size: number): SafetensorsHeader {
  let json: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
    json = JSON.parse(text);
  } catch {
    throw damaged(path, 'its header is not JSON in UTF-8');
  }
  if (!isObject(json)) throw damaged(path, 'its header is not a JSON object');
  const twice = duplicateKey(text);
  if (twice !== null) throw damaged(path, `its header has the key ${quote(twice)} twice`);

  const start = 8 + raw.length;
  const infos: TensorInfo[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(path, value);
    else infos.push(parseEntry(path, name, value, start));
  }
  infos.sort((a, b) => a.position - b.position || a.bytes - b.bytes);
  let end = start;
  for (const info of infos) {
    if (info.position < end) throw damaged(path, `tensor ${quote(info.name)} overlaps the one before it`);
    if (info.position > end) throw damaged(path, `there is a hole before tensor ${quote(info.name)}`);
    end = info.position + info.bytes;
    if (end > size)
      throw damaged(
        path,
        `tensor ${quote(info.name)} ends at byte ${end}, the file at ${size} (truncated: ${formatBytes(end - size)} missing at least)`,
      );
  }
  if (end !== size) throw damaged(path, `${size - end} bytes follow its last tensor`);
  return { tensors: new Map(infos.map((info) => [info.name, info])), metadata, bytes: size };
}

function parseMetadata(path: string, value: unknown): Record<string, string> {
  if (!isObject(value)) throw damaged(path, '__metadata__ is not an object');
  for (const [key, text] of Object.entries(value))
    if (typeof text !== 'string') throw damaged(path, `__metadata__ entry ${quote(key)} is not a string`);
  return value as Record<string, string>;
}

function parseEntry(path: string, name: string, value: unknown, start: number): TensorInfo {
  const bad = (reason: string) => damaged(path, `tensor ${quote(name)} ${reason}`);
  if (!isObject(value)) throw bad('is not described by an object');
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw bad(`has the unknown key ${quote(unknown)}`);
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBytes, dtype))
    throw bad(`has the unknown dtype ${quote(dtype)}`);
  if (!isNaturals(shape)) throw bad('has a shape that is no list of natural numbers');
  if (!isNaturals(offsets) || offsets.length !== 2) throw bad('has offsets that are no pair of natural numbers');
  const elements = shape.reduce((a, b) => a * b, 1);
  const bytes = elements * dtypeBytes[dtype as SafetensorsDType];
  const [from, to] = offsets;
  if (to < from) throw bad('ends before it begins');
  if (!Number.isSafeInteger(bytes) || bytes !== to - from)
    throw bad(`has ${to - from} bytes of data, its shape [${shape.join(', ')}] of ${dtype} needs ${bytes}`);
  return { name, dtype: dtype as SafetensorsDType, shape, elements, position: start + from, bytes };
}

/** The first key that stands twice in one object of a valid JSON text; JSON.parse alone keeps the last silently. */
function duplicateKey(text: string): string | null {
  const scopes: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{') scopes.push(new Set());
    else if (c === '}') scopes.pop();
    else if (c === '"') {
      const from = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      let next = i + 1;
      while (' \t\r\n'.includes(text[next])) next++;
      if (text[next] !== ':') continue;
      const key = JSON.parse(text.slice(from, i + 1)) as string;
      const scope = scopes.at(-1)!;
      if (scope.has(key)) return key;
      scope.add(key);
    }
  }
  return null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNaturals = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
/** A name from a foreign file, safe and short enough for a message. */
const quote = (value: unknown) => JSON.stringify(String(value).slice(0, 120));
