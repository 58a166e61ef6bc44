/** Icon files that hold several sizes: both are containers around PNGs. */

/**
 * An .ico: a header, one entry of 16 bytes for each picture, the pictures.
 * @param pictures {size, png} of at most 256 pixels
 */
export function ico(pictures) {
  const header = Buffer.alloc(6 + 16 * pictures.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  pictures.forEach(({ size, png }, i) => {
    const at = 6 + 16 * i;
    // 256 is written as 0.
    header.writeUInt8(size % 256, at);
    header.writeUInt8(size % 256, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([header, ...pictures.map(({ png }) => png)]);
}

/** Kinds of .icns entries that are PNGs, by their size in pixels; 32 and 64 are the doubled ones of 16 and 32. */
const kinds = {
  32: ['ic11'],
  64: ['ic12'],
  128: ['ic07'],
  256: ['ic08', 'ic13'],
  512: ['ic09', 'ic14'],
  1024: ['ic10'],
};

/** An .icns: its length, then for each picture its kind, its length and itself. */
export function icns(pictures) {
  const chunk = (kind, content) => {
    const header = Buffer.alloc(8);
    header.write(kind, 'latin1');
    header.writeUInt32BE(8 + content.length, 4);
    return Buffer.concat([header, content]);
  };
  const entries = pictures.flatMap(({ size, png }) => (kinds[size] ?? []).map((kind) => chunk(kind, png)));
  return chunk('icns', Buffer.concat(entries));
}
