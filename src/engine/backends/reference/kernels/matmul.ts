/**
 * out [rows, columns] = a [rows, inner] · b [inner, columns], written, not added.
 * Every element is one sum in ascending order of the inner index. Four rows at a time share a pass over b.
 */
export function* matmul(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  rows: number,
  inner: number,
  columns: number,
): Generator<void> {
  out.fill(0, 0, rows * columns);
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const out0 = out.subarray(row * columns, (row + 1) * columns);
    const out1 = out.subarray((row + 1) * columns, (row + 2) * columns);
    const out2 = out.subarray((row + 2) * columns, (row + 3) * columns);
    const out3 = out.subarray((row + 3) * columns, (row + 4) * columns);
    for (let k = 0; k < inner; k++) {
      const a0 = a[row * inner + k];
      const a1 = a[(row + 1) * inner + k];
      const a2 = a[(row + 2) * inner + k];
      const a3 = a[(row + 3) * inner + k];
      const at = k * columns;
      for (let j = 0; j < columns; j++) {
        const value = b[at + j];
        out0[j] += a0 * value;
        out1[j] += a1 * value;
        out2[j] += a2 * value;
        out3[j] += a3 * value;
      }
    }
    yield;
  }
  for (; row < rows; row++) {
    const line = out.subarray(row * columns, (row + 1) * columns);
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k];
      for (let j = 0; j < columns; j++) line[j] += factor * b[k * columns + j];
    }
    yield;
  }
}

/** [rows, columns] → [columns, rows] */
export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j];
  return out;
}
