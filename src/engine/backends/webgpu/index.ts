/** The WebGPU backend: shaders of our own on Dawn, for any card whose driver has Vulkan, Metal or Direct3D 12. */
import type { DType, Program } from '../../program/types.ts';
import type { Backend, BackendInfo, BackendOptions, Executable, Store, VectorOps } from '../backend.ts';
import { chosenAdapter, describeAdapter, isSoftware } from './adapters.ts';
import { Arena } from './arena.ts';
import { Device, mostStorageBuffers } from './device.ts';
import { GpuExecutable } from './executable.ts';
import type { Settings, Tiles } from './kernels/dispatch.ts';
import { plainTiles, stagedTiles } from './kernels/matmul.ts';
import { GpuStore } from './store.ts';
import { vectorOps } from './vectors.ts';

export { type AdapterReport, listAdapters } from './adapters.ts';
export { selfTest } from './self-test.ts';

/** Raised when shaders change in a way that changes bits. */
const version = 1;

export interface WebgpuOptions extends BackendOptions {
  /** Software adapters are for tests: never taken unless allowed. */
  software?: boolean;
  /** Of matrix products; left out, those that fit the adapter. */
  tiles?: Tiles;
  /** Most bytes of logits at a time. */
  logitBytes?: number;
  /** Most bytes of one binding and of one buffer, where less than the adapter has. */
  bindingBytes?: number;
  pageBytes?: number;
}

/** Opens the fastest adapter. Throws UserError 'webgpu-missing' where there is none, saying why. */
export async function openWebgpu(options: WebgpuOptions): Promise<WebgpuBackend> {
  const adapter = await chosenAdapter(options.software ?? false);
  return WebgpuBackend.open(adapter, options);
}

export class WebgpuBackend implements Backend {
  readonly info: BackendInfo;
  readonly vectors: VectorOps;
  readonly device: Device;
  /** Whether the adapter computes on the processor. */
  readonly software: boolean;
  readonly #arena: Arena;
  readonly #settings: Omit<Settings, 'constants'>;

  static async open(adapter: GPUAdapter, options: WebgpuOptions): Promise<WebgpuBackend> {
    const { limits } = adapter;
    const device = await adapter.requestDevice({
      label: 'Meander',
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxStorageBuffersPerShaderStage: mostStorageBuffers,
      },
    });
    return new WebgpuBackend(new Device(adapter, device), options);
  }

  private constructor(device: Device, options: WebgpuOptions) {
    const { adapter } = device;
    this.software = isSoftware(adapter.info);
    const tiles = options.tiles ?? (this.software ? plainTiles : stagedTiles);
    const { maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = device.device.limits;
    this.device = device;
    this.#arena = new Arena(device, options.pageBytes);
    const bindingBytes = Math.min(maxStorageBufferBindingSize, options.bindingBytes ?? maxStorageBufferBindingSize);
    this.#settings = {
      tiles,
      logitBytes: options.logitBytes ?? 2 ** 27,
      bindingBytes,
      // More would leave room for fewer workgroups at a time.
      workgroupBytes: Math.min(maxComputeWorkgroupStorageSize, 32_768),
    };
    this.info = {
      name: 'webgpu',
      device: describeAdapter(adapter.info),
      family: `WebGPU float32, ${tiles.name}`,
      threads: 1,
      numerics: {
        backend: 'webgpu',
        version,
        precision: 'float32',
        adapter: describeAdapter(adapter.info),
        driver: adapter.info.description,
        tiles: tiles.name,
        logitBytes: this.#settings.logitBytes,
        workgroupBytes: this.#settings.workgroupBytes,
      },
    };
    this.vectors = vectorOps(device, bindingBytes);
  }

  store<D extends DType>(dtype: D, elements: number): Store<D> {
    return new GpuStore(this.device, dtype, elements);
  }

  compile(program: Program): Executable {
    return new GpuExecutable(this.device, this.#arena, this.#settings, program);
  }

  drain(): Promise<void> {
    return this.device.drain();
  }

  async close(): Promise<void> {
    try {
      await this.device.drain();
    } finally {
      this.#arena.free();
      this.device.close();
    }
  }
}
