/** What OpenWebText costs here. Sizes as nanoGPT's prepare.py states them for its GPT-2 tokens. */

export const openWebText = {
  documents: 8_013_769,
  trainTokens: 9_035_582_198,
  validationTokens: 4_434_897,
  /** Text in all, about. */
  textBytes: 40e9,
} as const;

/** Ids of GPT-2 are stored in two bytes. */
export const tokenFileBytes = 2 * (openWebText.trainTokens + openWebText.validationTokens);

/** Seconds of preparing all of it at a measured speed in bytes of text a second. */
export const preparingSeconds = (bytesPerSecond: number): number => openWebText.textBytes / bytesPerSecond;
