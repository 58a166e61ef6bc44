/** float16 and bfloat16 as bits in a Uint16Array, rounded to nearest, ties to even. */

/** float32 → IEEE 754 binary16. Beyond 65,519 it becomes infinity; NaN stays a quiet NaN. */
export function toHalf(source: Float32Array, target = new Uint16Array(source.length)): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    const sign = (x >>> 16) & 0x8000;
    const magnitude = x & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00;
    // 65,520 and above round to infinity.
    else if (magnitude >= 0x477ff000) half = 0x7c00;
    else if (magnitude >= 0x38800000) {
      // Normal: rebias the exponent by 112, then add half a unit, or just below it when the result is even.
      const rebiased = magnitude - 0x38000000;
      half = (rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13;
    } else if (magnitude > 0x33000000) {
      const shift = 126 - (magnitude >>> 23);
      const mantissa = (magnitude & 0x7fffff) | 0x800000;
      half = mantissa >>> shift;
      const rest = mantissa & ((1 << shift) - 1);
      const middle = 1 << (shift - 1);
      if (rest > middle || (rest === middle && (half & 1) === 1)) half++;
    } else half = 0; // At most 2⁻²⁵, half the smallest subnormal.
    target[i] = sign | half;
  }
  return target;
}

/** float32 → bfloat16: the upper half of the bits. */
export function toBfloat16(source: Float32Array, target = new Uint16Array(source.length)): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    target[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return target;
}

let halves: Float32Array | null = null;

/** The value of every binary16 bit pattern; 256 kB, made when first needed. */
function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(65536);
  for (let h = 0; h < 65536; h++) {
    const exponent = (h >>> 10) & 31;
    const fraction = h & 1023;
    let value = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    if (exponent === 31) value = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    halves[h] = h & 0x8000 ? -value : value;
  }
  return halves;
}

export function fromHalf(source: Uint16Array): Float32Array {
  const table = halfTable();
  const target = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) target[i] = table[source[i]];
  return target;
}

export function fromBfloat16(source: Uint16Array): Float32Array {
  const target = new Float32Array(source.length);
  const bits = new Uint32Array(target.buffer);
  for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
  return target;
}
