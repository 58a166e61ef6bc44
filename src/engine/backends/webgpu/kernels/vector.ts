/**
 * Arithmetic on whole vectors, bit for bit as IEEE 754 rounds it. WGSL lets a driver fuse a product with a sum, divide
 * to two units in the last place and drop subnormal numbers, so sums, products and quotients are worked out here in
 * 32-bit integers: an average then has the same bits on every card, and on the processor. Memory is what such a pass
 * waits for anyway.
 */
import { flat, type Shader } from '../wgsl.ts';

const integerFloats = `
const infinity = 0x7f800000u;
const quiet = 0x7fc00000u;
fn isNan(a: u32) -> bool { return (a & 0x7fffffffu) > infinity; }
fn exponentOf(a: u32) -> i32 { return i32((a >> 23u) & 255u); }
/** Shifts right; what falls off is remembered in the last bit. */
fn jam(x: u32, by: u32) -> u32 {
  if (by == 0u) { return x; }
  if (by > 31u) { return select(0u, 1u, x != 0u); }
  return (x >> by) | select(0u, 1u, (x << (32u - by)) != 0u);
}
/** A number of 24 bits and three more to round by, leading bit 26 (or below, where exponent is 1). Ties to even. */
fn rounded(sign: u32, exponent: i32, significand: u32) -> u32 {
  var e = exponent;
  var x = significand;
  if (e < 1) { x = jam(x, u32(1 - e)); e = 1; }
  var q = x >> 3u;
  let rest = x & 7u;
  if (rest > 4u || (rest == 4u && (q & 1u) == 1u)) { q += 1u; }
  if (e > 254) { return sign | infinity; }
  let bits = (u32(e - 1) << 23u) + q;
  return sign | min(bits, infinity);
}
struct Parts { e: i32, x: u32 }
/** Exponent and 24 bits with the leading one in place. Not for zero. */
fn normal(a: u32) -> Parts {
  let e = exponentOf(a);
  let f = a & 0x7fffffu;
  if (e > 0) { return Parts(e, f | 0x800000u); }
  let by = countLeadingZeros(f) - 8u;
  return Parts(1 - i32(by), f << by);
}
fn plus(a: u32, b: u32) -> u32 {
  if (isNan(a) || isNan(b)) { return quiet; }
  let signA = a & 0x80000000u;
  let signB = b & 0x80000000u;
  if (exponentOf(a) == 255) { return select(a, quiet, exponentOf(b) == 255 && signA != signB); }
  if (exponentOf(b) == 255) { return b; }
  let swaps = (b & 0x7fffffffu) > (a & 0x7fffffffu);
  let large = select(a, b, swaps);
  let small = select(b, a, swaps);
  let el = exponentOf(large);
  let es = exponentOf(small);
  var e = max(el, 1);
  let xl = ((large & 0x7fffffu) | select(0u, 0x800000u, el > 0)) << 3u;
  let xs = jam(((small & 0x7fffffu) | select(0u, 0x800000u, es > 0)) << 3u, u32(e - max(es, 1)));
  let sign = large & 0x80000000u;
  if (signA == signB) {
    var x = xl + xs;
    if (x >= 0x8000000u) { x = jam(x, 1u); e += 1; }
    return rounded(sign, e, x);
  }
  let x = xl - xs;
  if (x == 0u) { return 0u; }
  let by = min(i32(countLeadingZeros(x)) - 5, e - 1);
  return rounded(sign, e - by, x << u32(by));
}
fn minus(a: u32, b: u32) -> u32 { return plus(a, b ^ 0x80000000u); }
fn times(a: u32, b: u32) -> u32 {
  if (isNan(a) || isNan(b)) { return quiet; }
  let sign = (a ^ b) & 0x80000000u;
  let zero = (a & 0x7fffffffu) == 0u || (b & 0x7fffffffu) == 0u;
  if (exponentOf(a) == 255 || exponentOf(b) == 255) { return select(sign | infinity, quiet, zero); }
  if (zero) { return sign; }
  let m = normal(a);
  let n = normal(b);
  let low = (m.x & 0xfffu) * (n.x & 0xfffu);
  let middle = (m.x >> 12u) * (n.x & 0xfffu) + (m.x & 0xfffu) * (n.x >> 12u) + (low >> 12u);
  let high = (m.x >> 12u) * (n.x >> 12u) + (middle >> 12u);
  let below = ((middle & 0xfffu) << 12u) | (low & 0xfffu);
  // The product is high · 2^24 + below; keep its upper 27 or 28 bits of 47 or 48.
  var x = (high << 4u) | (below >> 20u);
  x |= select(0u, 1u, (below & 0xfffffu) != 0u);
  var e = m.e + n.e - 127;
  if (x >= 0x8000000u) { x = jam(x, 1u); e += 1; }
  return rounded(sign, e, x);
}
fn over(a: u32, b: u32) -> u32 {
  if (isNan(a) || isNan(b)) { return quiet; }
  let sign = (a ^ b) & 0x80000000u;
  if (exponentOf(a) == 255) { return select(sign | infinity, quiet, exponentOf(b) == 255); }
  if (exponentOf(b) == 255) { return sign; }
  if ((b & 0x7fffffffu) == 0u) { return select(sign | infinity, quiet, (a & 0x7fffffffu) == 0u); }
  if ((a & 0x7fffffffu) == 0u) { return sign; }
  let m = normal(a);
  let n = normal(b);
  var e = m.e - n.e + 127;
  var rest = m.x;
  if (rest < n.x) { rest = rest << 1u; e -= 1; }
  var x = 0u;
  for (var bit = 0u; bit < 27u; bit++) {
    x = x << 1u;
    if (rest >= n.x) { rest -= n.x; x |= 1u; }
    rest = rest << 1u;
  }
  return rounded(sign, e, x | select(0u, 1u, rest != 0u));
}`;

const formulas = {
  add: 'plus(result[i], origin[i])',
  divide: 'over(result[i], p.number)',
  lerp: 'plus(result[i], times(p.number, minus(origin[i], result[i])))',
  running: 'plus(result[i], over(minus(origin[i], result[i]), p.number))',
  scale: 'times(result[i], p.number)',
  addScaled: 'plus(result[i], times(p.number, origin[i]))',
} as const;
export type VectorFormula = keyof typeof formulas;

const each = `
  let i = (group.x + group.y * groups.x) * ${flat}u + lane;`;

/** Bits of `number` are a float32's. */
export const vectorShaders = Object.fromEntries(
  Object.entries(formulas).map(([name, formula]): [string, Shader] => [
    name,
    {
      name: `vector ${name}`,
      slots: [
        { name: 'result', type: 'u32', writes: true },
        ...(formula.includes('origin') ? [{ name: 'origin', type: 'u32' as const }] : []),
      ],
      numbers: { number: 'u32' },
      workgroup: [flat, 1, 1],
      declarations: integerFloats,
      body: `${each}
  if (i >= arrayLength(&result)) { return; }
  result[i] = ${formula};`,
    },
  ]),
) as unknown as Readonly<Record<VectorFormula, Shader>>;

/** Sets `found` to one where any element is not finite. */
export const infiniteShader: Shader = {
  name: 'vector allFinite',
  slots: [
    { name: 'origin', type: 'u32' },
    { name: 'found', type: 'u32', writes: true },
  ],
  numbers: { number: 'u32' },
  workgroup: [flat, 1, 1],
  body: `${each}
  if (i >= arrayLength(&origin)) { return; }
  if ((origin[i] & 0x7f800000u) == 0x7f800000u) { found[0] = 1u; }`,
};
