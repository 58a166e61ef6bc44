/**
 * The TensorFlow backend: the same programs on TensorFlow.js, whichever copy of it computes. It derives nothing by
 * itself: gradients are the program's own, so losses equal those of the other backends.
 */
import { UserError } from '../../errors.ts';
import type { DType, Program } from '../../program/types.ts';
import type { Backend, BackendInfo, BackendOptions, Executable, Store, VectorOps } from '../backend.ts';
import { Queue } from '../queue.ts';
import { TensorflowExecutable } from './executable.ts';
import { loadLibrary } from './find.ts';
import type { Library } from './library.ts';
import { FloatStore, IntegerStore } from './store.ts';
import { vectorOps } from './vectors.ts';

export { tensorflowStatus } from './find.ts';

/**
 * Opens TensorFlow's own library behind TensorFlow.js. Throws UserError 'tensorflow-missing' where none is found or
 * none loads, naming the file that did not.
 */
export async function openTensorflow(options: BackendOptions): Promise<Backend> {
  return new TensorflowBackend(loadLibrary(options.threads ?? null));
}

export class TensorflowBackend implements Backend {
  readonly info: BackendInfo;
  readonly vectors: VectorOps;
  readonly #library: Library;
  readonly #queue = new Queue(explain);

  constructor(library: Library) {
    const { device, family, threads, numerics } = library;
    this.#library = library;
    this.info = {
      name: 'tensorflow',
      device,
      family,
      threads,
      numerics: { backend: 'tensorflow', version: 1, precision: 'float32', ...numerics },
    };
    this.vectors = vectorOps(this.#queue, library.tf);
  }

  store<D extends DType>(dtype: D, elements: number): Store<D> {
    const { tf } = this.#library;
    const store = dtype === 'i32' ? new IntegerStore(elements, this.#queue) : new FloatStore(elements, this.#queue, tf);
    return store as unknown as Store<D>;
  }

  compile(program: Program): Executable {
    return new TensorflowExecutable(this.#library.tf, this.#queue, program);
  }

  drain(): Promise<void> {
    return this.#queue.drain();
  }

  /** The library itself stays loaded: a process cannot let go of it. */
  async close(): Promise<void> {
    await this.#queue.drain();
  }
}

/** TensorFlow's own words for what the user can mend, in ours. */
function explain(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (/\bOOM\b|out of memory|RESOURCE_EXHAUSTED|failed to allocate|Array buffer allocation failed/i.test(message))
    return new UserError(
      'device-memory',
      `TensorFlow ran out of memory: ${firstLine(message)}`,
      'Choose a smaller micro-batch with more accumulation, or another device (Device in New run).',
      { cause: error },
    );
  const lacking = /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(message);
  if (lacking)
    return new UserError(
      'tensorflow-operation',
      `TensorFlow.js's backend ${lacking[2]} has no operation ${lacking[1]}.`,
      'Use @tensorflow/tfjs-node or tfjs-node-gpu 4.22, or choose another device.',
      { cause: error },
    );
  return error;
}

const firstLine = (text: string) => text.trim().split('\n')[0];
