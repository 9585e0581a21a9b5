/**
 * Counter blocks on their way into a block cipher, and the keystream that it makes of them in their place. All ciphers of the thread
 * share it: it is filled and used in one go.
 */
export const counterBlocks = new Uint8Array(new ArrayBuffer(32_768))
