/** Collects the tensors of a model in the order of the vector. */
import type { ParameterEntry, ParameterTable } from '../program/types.ts';

/** Every tensor starts at a multiple of this many elements. */
const alignment = 64;

export class TableBuilder {
  readonly #entries: ParameterEntry[] = [];
  #elements = 0;
  #count = 0;

  add(name: string, shape: number[], decay: boolean): void {
    const size = shape.reduce((a, b) => a * b, 1);
    this.#entries.push({ name, shape, offset: this.#elements, decay });
    this.#elements += Math.ceil(size / alignment) * alignment;
    this.#count += size;
  }

  /** @param padding elements that no token names */
  table(padding: number): ParameterTable {
    return { entries: this.#entries, elements: this.#elements, count: this.#count - padding };
  }
}
