export * from '../../shared/statistics.ts';
export { Evaluator, type EvaluatorOptions, evaluateWeights } from './loss.ts';
export { chooseToken, Sampler } from './sampler.ts';
