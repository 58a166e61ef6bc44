/** TensorFlow.js as this backend sees it: one loaded copy, and what computes behind it. */
import type * as tfjs from '@tensorflow/tfjs-core';

/** The core API. Types only: the copy that computes is found at run time. */
export type Tf = typeof tfjs;
/** A TensorFlow tensor; `Tensor` is a program's. */
export type Value = tfjs.Tensor;

export interface Library {
  readonly tf: Tf;
  /** Processor or graphics card. */
  readonly device: string;
  /** In words, e.g. 'TensorFlow 2.9.1 on the processor'. */
  readonly family: string;
  readonly threads: number;
  /** What can change bits beside the programs. */
  readonly numerics: Readonly<Record<string, string | number | boolean>>;
}
