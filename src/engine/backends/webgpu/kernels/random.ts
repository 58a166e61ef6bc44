/** Threefry-2x32 of engine/random.ts in WGSL: the same words for the same coordinates. */

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

function rounds(): string {
  const lines: string[] = [];
  for (let injection = 1; injection <= 5; injection++) {
    for (const by of rotations[(injection + 1) % 2])
      lines.push(`  x += y; y = ((y << ${by}u) | (y >> ${32 - by}u)) ^ x;`);
    const keys = ['k0', 'k1', 'k2'];
    lines.push(`  x += ${keys[injection % 3]}; y += ${keys[(injection + 1) % 3]} + ${injection}u;`);
  }
  return lines.join('\n');
}

/** `randomWord(stream, element)`: a word of the run's seed, step and micro-batch. */
export const randomFunctions = `
fn threefry(k0: u32, k1: u32, c0: u32, c1: u32) -> vec2u {
  let k2 = 0x1bd11bdau ^ k0 ^ k1;
  var x = c0 + k0;
  var y = c1 + k1;
${rounds()}
  return vec2u(x, y);
}
fn randomWord(stream: u32, element: u32) -> u32 {
  let key = threefry(s.seed, stream, s.step, s.microBatch);
  let words = threefry(key.x, key.y, element >> 1u, 0u);
  return select(words.x, words.y, (element & 1u) == 1u);
}`;
