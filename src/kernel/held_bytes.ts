/** What the runtime adds to each text of a list: its header, its padding, and the list's reference to it. */
const PER_TEXT = 24;

/** What a cache takes for `texts` that it holds, in bytes: about, and rather more than less. They are ASCII for the most part. */
export function heldBytes(texts: readonly string[]): number {
  let bytes = 0;
  for (const text of texts) bytes += text.length + PER_TEXT;
  return bytes;
}
