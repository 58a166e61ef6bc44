/** What formats begin with. Their readers are loaded where one is met. */
export const arrowFileMagic = 'ARROW1';

export const startsWith = (head: Uint8Array, text: string) =>
  Buffer.from(head.subarray(0, text.length)).toString('latin1') === text;

/** A page or the metadata follows, which begins with no letter; PARE is an encrypted file. */
export const isParquet = (head: Uint8Array) =>
  head.length >= 12 && (startsWith(head, 'PAR1') || startsWith(head, 'PARE')) && (head[4] < 0x20 || head[4] > 0x7e);

/** A zip's first entry, or its end where it has none. */
export const isZip = (head: Uint8Array) => startsWith(head, 'PK\x03\x04') || startsWith(head, 'PK\x05\x06');

/** A file of record batches, or a stream, which begins with the mark of a message and its length. */
export function isArrow(head: Uint8Array): boolean {
  if (startsWith(head, `${arrowFileMagic}\0\0`) || startsWith(head, 'FEA1')) return true;
  if (head.length < 8) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getInt32(0, true) === -1 && view.getInt32(4, true) > 0 && view.getInt32(4, true) % 8 === 0;
}

/** Of bzip2: a level, and the mark of a block or of the end. */
export function isBz2(head: Uint8Array): boolean {
  const text = Buffer.from(head.subarray(0, 10)).toString('latin1');
  return /^BZh[1-9]/.test(text) && ['1AY&SY', '\x17rE8P\x90'].includes(text.slice(4));
}
