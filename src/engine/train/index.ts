export { checkData } from './checks.ts';
export { probe, stepSeconds } from './probe.ts';
export { Rate } from './rate.ts';
export { Trainer, type TrainerOptions, type TrainerOutcome } from './trainer.ts';
export { verifyExport, verifyWeights } from './verify-export.ts';
