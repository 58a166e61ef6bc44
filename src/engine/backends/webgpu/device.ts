/** A device with its pipelines, its errors and its reads. Pipelines are made once for every text of a shader. */
import { UserError } from '../../errors.ts';
import { mapForReading, usage } from './dawn.ts';
import { type Bound, boundSlots, type Shader, scalarBytes, wgsl } from './wgsl.ts';

export interface Prepared {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Storage buffers that any shader binds at the most. */
export const mostStorageBuffers = 8;

export class Device {
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
  readonly scalars: GPUBuffer;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Prepared>();
  /** Buffers to read through, by size; each is used by one read at a time. */
  readonly #staging = new Map<number, GPUBuffer[]>();
  /** Of all buffers that live. */
  #bytes = 0;
  #failed = false;
  #error: unknown;
  #lost: UserError | null = null;
  #closed = false;

  constructor(adapter: GPUAdapter, device: GPUDevice) {
    this.adapter = adapter;
    this.device = device;
    this.scalars = this.buffer(scalarBytes, usage.uniform | usage.copyTarget);
    device.addEventListener('uncapturederror', (event) => {
      // Else it is printed as well.
      event.preventDefault();
      this.fail(explained((event as GPUUncapturedErrorEvent).error, this.#bytes));
    });
    void device.lost.then(({ reason, message }) => {
      if (!this.#closed) this.#lost = lostError(`${reason}${message ? `, ${firstLine(message)}` : ''}`);
    });
  }

  get queue(): GPUQueue {
    return this.device.queue;
  }

  /** Keeps the first error since the last drain. */
  fail(error: unknown): void {
    if (!this.#failed) this.#error = error;
    this.#failed = true;
  }

  /** Throws UserError 'device-lost' where the device is gone. */
  usable(): void {
    if (this.#lost) throw this.#lost;
  }

  buffer(bytes: number, uses: number): GPUBuffer {
    this.usable();
    const { maxBufferSize } = this.device.limits;
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    if (size > maxBufferSize) throw tooLarge(size, maxBufferSize);
    const buffer = this.device.createBuffer({ size, usage: uses });
    this.#bytes += size;
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      this.#bytes -= size;
      destroy();
    };
    return buffer;
  }

  prepare(shader: Shader, bound: Bound): Prepared {
    const text = wgsl(shader, bound);
    let prepared = this.#pipelines.get(text);
    if (!prepared) {
      const access = boundSlots(shader, bound).map(({ name }) => bound.readOnly.has(name));
      const layout = this.#layout(access);
      const module = this.device.createShaderModule({ code: text, label: shader.name });
      const pipeline = this.device.createComputePipeline({
        label: shader.name,
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main' },
      });
      prepared = { pipeline, layout };
      this.#pipelines.set(text, prepared);
    }
    return prepared;
  }

  /** Bytes of a buffer as of now in queue order. */
  async read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.usable();
    const size = 2 ** Math.ceil(Math.log2(Math.max(256, bytes)));
    const free = this.#staging.get(size) ?? [];
    this.#staging.set(size, free);
    const staging = free.pop() ?? this.buffer(size, usage.mapRead | usage.copyTarget);
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, offset, staging, 0, bytes);
    this.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(mapForReading, 0, bytes);
    } catch (error) {
      throw this.#lost ?? lostOr(error);
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    free.push(staging);
    if (this.#failed) throw this.#error;
    return copy;
  }

  /** Resolves when everything submitted is done; rejects with the first error since the last call. */
  async drain(): Promise<void> {
    if (!this.#lost) await this.queue.onSubmittedWorkDone().catch((error: unknown) => this.fail(lostOr(error)));
    const [failed, error] = [this.#failed, this.#error];
    this.#failed = false;
    this.#error = undefined;
    this.usable();
    if (failed) throw error;
  }

  close(): void {
    this.#closed = true;
    this.device.destroy();
  }

  #layout(access: readonly boolean[]): GPUBindGroupLayout {
    const key = access.map(Number).join('');
    let layout = this.#layouts.get(key);
    if (!layout) {
      const compute = 4;
      const entries: GPUBindGroupLayoutEntry[] = [
        { binding: 0, visibility: compute, buffer: { type: 'uniform' } },
        { binding: 1, visibility: compute, buffer: { type: 'uniform' } },
        ...access.map((readOnly, at): GPUBindGroupLayoutEntry => {
          return { binding: at + 2, visibility: compute, buffer: { type: readOnly ? 'read-only-storage' : 'storage' } };
        }),
      ];
      layout = this.device.createBindGroupLayout({ entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

function lostError(why: string): UserError {
  return new UserError(
    'device-lost',
    `The graphics card stopped answering (${why}).`,
    'Continue the run: it goes on from its last checkpoint. If it happens again, update the driver or choose another device.',
  );
}

/** A failed wait means that the device went, though its own message may not have come yet. */
function lostOr(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  return /lost|destroyed/i.test(message) ? lostError(firstLine(message)) : error;
}

export const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function tooLarge(size: number, most: number): UserError {
  return new UserError(
    'device-memory',
    `The graphics card takes ${mebibytes(most)} in one piece; ${mebibytes(size)} were asked for.`,
    'Choose a smaller model, or another device.',
  );
}

/** Dawn's own words for what the user can mend, in ours. */
function explained(error: GPUError, bytes: number): unknown {
  if (!/out.?of.?memory/i.test(`${error.constructor.name} ${error.message}`))
    return new Error(`the graphics card's driver refused: ${error.message.trim()}`);
  return new UserError(
    'device-memory',
    `The graphics card ran out of memory with ${mebibytes(bytes)} of this run on it: ${firstLine(error.message)}`,
    'Halve the micro-batch and double the accumulation, which halves what activations take, or another device (Device in New run).',
  );
}

const firstLine = (text: string) => text.trim().split('\n')[0];
