/** xz, by a decoder in WebAssembly, so that it is there on every system. */
import { createRequire } from 'node:module';
import type { XzReadableStream } from 'xz-decompress';
import type { Bytes } from './bytes.ts';

const packages = createRequire(import.meta.url);
type Decoder = typeof XzReadableStream;

/**
 * The library has one decoder and makes a second stream wait for the end of the first: for ever, where xz lies in xz
 * as in OpenWebText. So each open stream has its own copy of it; those that came to a good end serve again.
 */
const idle: Decoder[] = [];
const mostIdle = 4;

function freshDecoder(): Decoder {
  const path = packages.resolve('xz-decompress');
  delete packages.cache[path];
  return packages(path).XzReadableStream;
}

/** `xz_ret` of XZ Embedded. */
const failures = new Map([
  ['3', 'it needs more memory than there is'],
  ['4', 'it needs more memory than there is'],
  ['5', 'what follows it is no xz'],
  ['6', 'it uses a filter or a check that is not read here; unpack it yourself (xz -d)'],
  ['7', 'it is damaged'],
  ['8', 'unexpected end of file'],
]);

/** @throws Error that says what is wrong, after everything that came before; what `packed` fails with, as it is */
export async function* unpackXz(packed: Bytes): AsyncGenerator<Uint8Array> {
  const decoder = idle.pop() ?? freshDecoder();
  // The decoder works ahead of its reader; `packed` must be nobody's when this is left.
  let reading: Promise<Uint8Array | null> = Promise.resolve(null);
  const source = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reading = packed.next();
        const part = await reading;
        if (part === null) controller.close();
        else controller.enqueue(part);
      },
    },
    { highWaterMark: 0 },
  );
  const reader = new decoder(source).getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (value.length > 0) yield value;
    }
    ended = true;
  } catch (error) {
    const code = /error code (\d+)$/.exec((error as Error).message)?.[1];
    throw code === undefined ? error : new Error(failures.get(code) ?? `error ${code}`, { cause: error });
  } finally {
    await reading.catch(() => {});
    if (!ended) reader.cancel().catch(() => {});
    else if (idle.length < mostIdle) idle.push(decoder);
  }
}
