export { Checkpoint } from './checkpoint.ts';
export { type ExportOptions, exportWeights, verifyFile } from './export.ts';
export { hashFile } from './hash.ts';
export { modelCard } from './model-card.ts';
export {
  ModelFolder,
  type ModelFolderContent,
  openModelFolder,
  weightsFile,
  writeModelFolder,
} from './model-folder.ts';
export { type CheckpointContent, type CheckpointEntry, RunFolder } from './run-folder.ts';
export { openRunWindow, type RunWindow, windowSources } from './run-window.ts';
export { SafetensorsReader, type TensorToWrite, writeSafetensors } from './safetensors.ts';
export {
  readSafetensorsHeader,
  type SafetensorsDType,
  type SafetensorsHeader,
  type TensorInfo,
} from './safetensors-header.ts';
export { checkTarget } from './target.ts';
export type { TrainerInput, TrainerState } from './trainer-state.ts';
export { copyVector, storeReader, type WeightDType, type WeightReader, type WeightWriter } from './vector.ts';
