import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doctorText } from '../shared/doctor.ts';
import { formatBytes } from '../shared/files.ts';
import type { JobResult } from '../shared/jobs.ts';
import { diagnose } from './doctor.ts';
import { locate } from './locate.ts';
import { scratch } from './testing/fixture.ts';

let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ folder, remove } = await scratch());
});
afterEach(() => remove());

const engine = { device: 'processor', family: 'avx2', threads: 2, gflops: 12.34, peak: 40 };
const absent = { device: null, family: null, threads: null, gflops: null, peak: null };
const notInstalled = { name: 'tensorflow', works: false, text: 'neither package is installed', ...absent };
const found =
  (works: boolean, tensorflow: object = notInstalled) =>
  async (): Promise<JobResult> => ({
    outcome: 'finished',
    doctor: {
      backends: [
        works
          ? { name: 'native', works, text: 'compiled for this machine', ...engine }
          : { name: 'native', works, text: 'no compiler', problem: 'no compiler', ...absent },
        tensorflow as typeof notInstalled,
        {
          name: 'reference',
          works: true,
          text: 'portable',
          ...engine,
          family: 'portable',
          threads: 1,
          gflops: 0.1,
          peak: null,
        },
      ],
      adapters: [
        {
          ...{
            name: 'swiftshader',
            driver: 'SwiftShader 5',
            software: true,
            bufferBytes: 2 ** 30,
            bindingBytes: 2 ** 27,
          },
          ...{ features: ['subgroups'], lacks: ['half-precision arithmetic (shader-f16)'] },
        },
      ],
      bandwidth: 21.5,
      auto: works ? 'native' : 'reference',
      why: 'the fastest that works here',
    },
  });

test('a machine that lacks nothing says so, in full', async () => {
  const report = await diagnose({ parts: locate(), home: folder, seconds: 0.1, errand: found(true) });
  expect(report.problems).toEqual([]);
  expect(report.node).toMatch(/^\d+\.\d+\.\d+$/);
  const text = doctorText(report, formatBytes);
  expect(text).toMatch(/^Engine native +12\.3 of 40 GFLOP\/s, 2 threads, processor, avx2$/m);
  expect(text).toMatch(/^Engine reference +0\.1 GFLOP\/s, 1 thread, /m);
  expect(text).toMatch(/^Bandwidth +21\.5 GB\/s read$/m);
  // Optional, so nothing is missing without it.
  expect(text).toMatch(/^Engine tensorflow +not installed: neither package is installed$/m);
  expect(text).toMatch(/^Adapter +swiftshader \(computes on the processor\); .*has subgroups; lacks half-precision/m);
  expect(text).toContain(folder);
  expect(text).toMatch(/Runs use the fastest that works here\.\n\nNothing is missing\.$/);
});

test('what is missing is named, each with what mends it', async () => {
  const parts = { ...locate(), addon: null, nodeModules: join(folder, 'none') };
  const report = await diagnose({ parts, home: 'relative', seconds: 0.1, errand: found(false) });
  expect(report.problems.map(({ what }) => what)).toEqual([
    'The native engine does not work, so training is slow: no compiler',
    '"relative" is not an absolute path.',
    expect.stringContaining('The sample text is not at'),
  ]);
  const text = doctorText(report, formatBytes);
  expect(text).toMatch(/^Addon +not built$/m);
  expect(text).toContain(
    '! The native engine does not work, so training is slow: no compiler\n  Install a C++ compiler',
  );
});

test('a TensorFlow that was installed and does not load, or computes beside the graphics card, is a problem', async () => {
  const problems = async (tensorflow: object) =>
    (await diagnose({ parts: locate(), home: folder, seconds: 0.1, errand: found(true, tensorflow) })).problems;
  const text = 'its binding was built for another Node';
  expect(await problems({ ...notInstalled, text, problem: text })).toMatchObject([
    { what: `TensorFlow does not load: ${text}`, next: expect.stringContaining('docs/tensorflow.md') },
  ]);
  const lacking = 'TensorFlow 2.9.1 computes on the processor: libcudnn.so.8: cannot open shared object file';
  expect(await problems({ ...notInstalled, ...engine, works: true, text, problem: lacking })).toMatchObject([
    { what: lacking, next: expect.stringContaining('LD_LIBRARY_PATH') },
  ]);
});
