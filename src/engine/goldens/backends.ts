import type { BackendName } from '../backends/backend.ts';
import { nativeStatus } from '../backends/native/index.ts';

/** Backends to judge. Where native should be there and is not, conformance/native.test.ts fails and says why. */
export const backends: BackendName[] = nativeStatus().available ? ['reference', 'native'] : ['reference'];
