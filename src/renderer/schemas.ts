/** Comes before every schema: the window's security policy forbids the code that zod would compile at run time. */
import { config } from 'zod';

config({ jitless: true });
