/**
 * Where one document ends and the next begins, for tokenizers without an end-of-text id (characters, bytes):
 * an empty line. Line feeds are added so that two stand before the next document; none after the last one,
 * so a single file gives exactly its own characters, as nanoGPT's preparation does.
 * (Tokenizers with an end-of-text id put it after every document, as nanoGPT's OpenWebText preparation does.)
 */
const twoLineFeeds = Uint8Array.of(0x0a, 0x0a);

/** The bytes to add after a document that ends with this many line feeds. */
export const boundaryText = (newlines: number): Uint8Array => twoLineFeeds.subarray(Math.min(newlines, 2));
