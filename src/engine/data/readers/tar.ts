/** Tar archives as a stream: one entry after the other, nothing is ever written. */
import { Header } from 'tar/header';
import { Pax } from 'tar/pax';
import { Bytes, broken } from './bytes.ts';
import type { ArchiveEntry } from './source-reader.ts';

const blockBytes = 512;
/** Names and attributes that stand before an entry are held; real ones are far shorter. */
const longestExtension = 1 << 20;
const files = new Set<string>(['File', 'OldFile', 'ContiguousFile']);
const silent = new Set<string>(['Directory', 'GNUDumpDir', 'NextFileHasLongLinkpath']);

export function isTar(head: Uint8Array): boolean {
  if (head.length < blockBytes) return false;
  try {
    const { cksumValid, nullBlock } = new Header(Buffer.from(head.subarray(0, blockBytes)));
    return cksumValid && !nullBlock;
  } catch {
    return false;
  }
}

/**
 * An entry's bytes are good until the next is asked for.
 * @throws UserError 'source-broken' at a damaged header, and where the archive ends early
 */
export async function* tarEntries(bytes: Bytes): AsyncGenerator<ArchiveEntry> {
  let own: Pax | { path: string } | undefined;
  let common: Pax | undefined;
  for (let number = 1; ; number++) {
    const header = await nextHeader(bytes, own, common, number);
    if (header === null) {
      // What it is packed in checks itself at its end.
      await bytes.skip(Number.POSITIVE_INFINITY);
      return;
    }
    const { type, size = 0 } = header;
    if (!Number.isSafeInteger(size) || size < 0) throw broken(`entry ${number} of its tar has no possible size`);
    const padding = (blockBytes - (size % blockBytes)) % blockBytes;
    let left = size;
    if (type === 'ExtendedHeader' || type === 'GlobalExtendedHeader' || type === 'NextFileHasLongPath') {
      if (size > longestExtension) throw broken(`entry ${number} of its tar has a name of ${size} bytes`);
      const text = Buffer.from(await bytes.read(size)).toString();
      left = 0;
      if (type === 'ExtendedHeader') own = Pax.parse(text, own);
      else if (type === 'GlobalExtendedHeader') common = Pax.parse(text, common, true);
      else own = { ...own, path: text.replace(/\0.*$/s, '') };
    } else {
      const name = header.path ?? '';
      own = undefined;
      if (files.has(type)) {
        const content = async function* () {
          while (left > 0) {
            const part = await bytes.next();
            if (part === null) throw endsEarly();
            const taken = part.subarray(0, left);
            bytes.unread(part.subarray(taken.length));
            left -= taken.length;
            yield taken;
          }
        };
        yield { name, bytes: new Bytes(content()) };
      } else if (!silent.has(type)) yield { name, bytes: null };
    }
    if ((await bytes.skip(left + padding)) < left + padding) throw endsEarly();
  }
}

async function nextHeader(bytes: Bytes, own: object | undefined, common: object | undefined, number: number) {
  const block = Buffer.from(await bytes.read(blockBytes));
  if (block.length < blockBytes) throw endsEarly();
  let header: Header;
  try {
    header = new Header(block, 0, own, common);
  } catch (error) {
    throw broken(`entry ${number} of its tar is damaged: ${(error as Error).message}`, error);
  }
  if (header.nullBlock) return null;
  if (!header.cksumValid) throw broken(`entry ${number} of its tar is damaged: its checksum is wrong`);
  return header;
}

const endsEarly = () => broken('its tar ends early');

/** Why an entry of this name is not read, or null. Nothing is written, but such an archive was made to do harm. */
export function unsafeName(name: string): string | null {
  if (name === '') return 'it has no name';
  if (/^([/\\]|[a-z]:)/i.test(name)) return 'its name is an absolute path';
  if (name.split(/[/\\]/).includes('..')) return 'its name leads out of the archive';
  return /\p{Cc}/u.test(name) ? 'its name holds control characters' : null;
}

/** A name that can be shown. */
export const shownName = (name: string) => name.replace(/\p{Cc}/gu, '\ufffd').slice(0, 300);
