import { openReference } from '../reference/index.ts';
import { conformance, float32 } from './conformance.ts';

conformance('reference', openReference, float32);
