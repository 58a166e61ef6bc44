import { describe, it } from 'vitest';
import { lacksAdapter } from '../webgpu/fixture.ts';
import { openWebgpu } from '../webgpu/index.ts';
import { conformance, float32 } from './conformance.ts';

const reason = await lacksAdapter();
if (reason) describe('webgpu', () => it.skip(reason, () => {}));
// Small chunks of logits, so that there are several. What a card does with numbers below 2⁻¹²⁶ is its own matter,
// but vectors are worked out in integers.
else
  conformance('webgpu', (options) => openWebgpu({ ...options, software: true, logitBytes: 1 << 14 }), float32, {
    fuses: false,
    threaded: false,
    subnormals: true,
    architectures: false,
    scheduleFree: false,
  });
