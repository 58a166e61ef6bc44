/** TensorFlow.js without a native library: what tests compute on, where the packages are (development only). */
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import type { Library, Tf } from './library.ts';

/** The backend in plain JavaScript. Throws where the two packages are not installed. */
export async function pureLibrary(): Promise<Library> {
  const load = createRequire(import.meta.url);
  const tf = load('@tensorflow/tfjs-core') as Tf;
  load('@tensorflow/tfjs-backend-cpu');
  // Without this it prints, once, that a native library would be faster.
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
  await tf.ready();
  return {
    tf,
    device: cpus()[0]?.model.trim() ?? 'unknown processor',
    family: `TensorFlow.js ${tf.version_core} in JavaScript`,
    threads: 1,
    numerics: { library: `tfjs-core ${tf.version_core}`, device: 'javascript' },
  };
}
