import { describe, it } from 'vitest';
import { openTensorflow, tensorflowStatus } from '../tensorflow/index.ts';
import { conformance, float32 } from './conformance.ts';

// A file of its own: all copies of TensorFlow.js in a process share one list of backends.
const { available, reason } = tensorflowStatus();
if (available)
  // Thread counts are the library's matter, and its threads flush subnormal numbers to zero.
  conformance('tensorflow', openTensorflow, float32, {
    fuses: false,
    threaded: false,
    subnormals: false,
    architectures: false,
    scheduleFree: true,
  });
else describe('tensorflow', () => it.skip(`optional, and not here: ${reason}`, () => {}));
