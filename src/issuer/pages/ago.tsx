import { agoInWords } from "./words.ts";

/** How long ago something was, with the time itself for machines. */
export function Ago({ atMs, nowMs }: { atMs: number; nowMs: number }) {
  return <time datetime={new Date(atMs).toISOString()}>{agoInWords(atMs, nowMs)}</time>;
}
