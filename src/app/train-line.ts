/**
 * Train lines read straight from bytes. A run of a million logged steps is 165 MB of them: as objects they would take
 * seconds to parse and check; as numbers they take less than one.
 */

const encoder = new TextEncoder();
const literals = [
  '{"type":"train","step":',
  ',"seconds":',
  ',"loss":',
  ',"gradientNorm":',
  ',"learningRate":',
  ',"tokensPerSecond":',
].map((text) => encoder.encode(text));
const nullBytes = encoder.encode('null');

/** Numbers of the line that was read last: step, seconds, loss, gradientNorm, learningRate, tokensPerSecond. */
export const trainValues = new Float64Array(literals.length);
/** Loss and norm may be null: a value that was not finite. */
const mayBeNull = [false, false, true, true, false, false];

const powers = Array.from({ length: 23 }, (_, i) => 10 ** i);
/** So many digits fit into a float64 whole. */
const wholeDigits = 15;

/**
 * Reads bytes[start … end), a line without its line break, into `trainValues`. False where it is not a train line just
 * as the trainer writes it: then nothing is said about it, and whoever asked parses it as JSON. The numbers are exact,
 * but for the sixteenth digit of what is more than a float32.
 */
export function readTrainLine(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let i = 0; i < literals.length; i++) {
    const literal = literals[i];
    if (at + literal.length >= end) return false;
    for (let j = 0; j < literal.length; j++) if (bytes[at + j] !== literal[j]) return false;
    at = readNumber(bytes, at + literal.length, end, i);
    if (at < 0) return false;
  }
  // 125 closes the object; a skipped update has more to say, and is parsed.
  return at === end - 1 && bytes[at] === 125 && Number.isInteger(trainValues[0]) && trainValues[0] >= 0;
}

/** Reads a JSON number, or null where it may be, into the i-th value. @returns where it ends; −1 when it is none. */
function readNumber(bytes: Uint8Array, start: number, end: number, i: number): number {
  let at = start;
  if (bytes[at] === 110 && mayBeNull[i]) {
    for (let j = 0; j < nullBytes.length; j++) if (bytes[at + j] !== nullBytes[j]) return -1;
    trainValues[i] = Number.NaN;
    return at + nullBytes.length;
  }
  const negative = bytes[at] === 45;
  if (negative) at++;
  const first = at;
  let mantissa = 0;
  let digits = 0;
  let exponent = 0;
  let fraction = false;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte >= 48 && byte <= 57) {
      if (digits < wholeDigits) {
        mantissa = mantissa * 10 + (byte - 48);
        if (mantissa > 0) digits++;
        if (fraction) exponent--;
      } else if (!fraction) exponent++;
    } else if (byte === 46 && !fraction && at > first) fraction = true;
    else break;
  }
  // JSON has no number that starts or ends with a point, nor one with a zero in front.
  if (at === first || bytes[at - 1] === 46) return -1;
  if (bytes[first] === 48 && at > first + 1 && bytes[first + 1] !== 46) return -1;
  if (bytes[at] === 101 || bytes[at] === 69) {
    const sign = bytes[++at] === 45 ? -1 : 1;
    if (bytes[at] === 45 || bytes[at] === 43) at++;
    const from = at;
    let power = 0;
    for (; at < end && bytes[at] >= 48 && bytes[at] <= 57; at++) power = Math.min(power * 10 + bytes[at] - 48, 10_000);
    if (at === from) return -1;
    exponent += sign * power;
  }
  const size = Math.abs(exponent);
  const value =
    size > 22 ? mantissa * 10 ** exponent : exponent < 0 ? mantissa / powers[size] : mantissa * powers[size];
  trainValues[i] = negative ? -value : value;
  return at;
}
