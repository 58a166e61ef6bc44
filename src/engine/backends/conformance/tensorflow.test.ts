import { TensorflowBackend } from '../tensorflow/index.ts';
import { pureLibrary } from '../tensorflow/pure.ts';
import { conformance, float32 } from './conformance.ts';

// The same code as on TensorFlow's own library, on the backend in plain JavaScript.
conformance('tensorflow in JavaScript', async () => new TensorflowBackend(await pureLibrary()), float32, {
  fuses: false,
  threaded: false,
  subnormals: true,
  architectures: false,
  scheduleFree: true,
});
