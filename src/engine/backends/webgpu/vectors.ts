/** Whole-vector arithmetic, in segments where a binding has a limit. */
import type { Floats, VectorOps } from '../backend.ts';
import { usage } from './dawn.ts';
import type { Device } from './device.ts';
import { infiniteShader, type VectorFormula, vectorShaders } from './kernels/vector.ts';
import { type GpuStore, gpuStore } from './store.ts';
import { flat, gridOf, type Shader } from './wgsl.ts';

export function vectorOps(device: Device, bindingBytes: number): VectorOps {
  const number = device.buffer(16, usage.uniform | usage.copyTarget);
  const found = device.buffer(16, usage.storage | usage.copySource | usage.copyTarget);
  const most = Math.floor(bindingBytes / 256) * 64;

  /** Runs a shader over a vector and what goes with it, a segment at a time. */
  const sweep = (shader: Shader, stores: Readonly<Record<string, GpuStore>>, extra: Record<string, GPUBuffer> = {}) => {
    const [first] = Object.values(stores);
    const aliases: Record<string, string> = {};
    if (stores.origin && stores.origin === stores.result) aliases.origin = 'result';
    const readOnly = new Set(aliases.origin ? [] : ['origin']);
    const { pipeline, layout } = device.prepare(shader, { aliases, readOnly });
    const names = shader.slots.map(({ name }) => name).filter((name) => !aliases[name]);
    const encoder = device.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    for (let start = 0; start < first.elements; start += most) {
      const size = 4 * Math.min(most, first.elements - start);
      const entries = names.map((name, at): GPUBindGroupEntry => {
        const store = stores[name];
        const resource = store ? { buffer: store.buffer, offset: 4 * start, size } : { buffer: extra[name] };
        return { binding: at + 2, resource };
      });
      const uniforms = [number, device.scalars].map((buffer, binding) => ({ binding, resource: { buffer } }));
      pass.setBindGroup(0, device.device.createBindGroup({ layout, entries: [...uniforms, ...entries] }));
      pass.dispatchWorkgroups(...gridOf(Math.ceil(size / 4 / flat)));
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
  const apply = (formula: VectorFormula, target: Floats, source: Floats | null, value: number) => {
    if (source && target.elements !== source.elements)
      throw new RangeError(`vectors of ${target.elements} and ${source.elements} elements do not match`);
    device.usable();
    device.queue.writeBuffer(number, 0, Float32Array.of(value));
    const origin = source ? gpuStore(source) : null;
    sweep(vectorShaders[formula], { result: gpuStore(target), ...(origin && { origin }) });
  };
  return {
    copy(target, source) {
      if (target.elements !== source.elements)
        throw new RangeError(`vectors of ${target.elements} and ${source.elements} elements do not match`);
      const [to, from] = [gpuStore(target), gpuStore(source)];
      if (to === from) return;
      device.usable();
      const encoder = device.device.createCommandEncoder();
      encoder.copyBufferToBuffer(from.buffer, 0, to.buffer, 0, 4 * to.elements);
      device.queue.submit([encoder.finish()]);
    },
    add: (target, source) => apply('add', target, source, 0),
    divide: (target, divisor) => apply('divide', target, null, divisor),
    lerp: (target, source, weight) => apply('lerp', target, source, weight),
    running: (target, source, divisor) => apply('running', target, source, divisor),
    scale: (target, factor) => apply('scale', target, null, factor),
    addScaled: (target, source, weight) => apply('addScaled', target, source, weight),
    async allFinite(source) {
      const origin = gpuStore(source);
      device.usable();
      device.queue.writeBuffer(found, 0, new Uint32Array(4));
      sweep(infiniteShader, { origin }, { found });
      return new Uint32Array(await device.read(found, 0, 4))[0] === 0;
    },
  };
}
