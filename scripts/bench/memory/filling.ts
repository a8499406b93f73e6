/* What every cache is filled with. */

/** Entries as most installations have them; or such that the bound in bytes is the one that holds. */
export type Size = "usual" | "large";

/** More than the largest number of entries that any of them takes. */
export const MANY = 11_000;
/** The time of all calls that fill. */
export const NOW_MS = 1_800_000_000_000;
/** A feed that tells of nothing. */
export const NOTHING_ANNOUNCED = { leastEpoch: () => 0 };

/** Letters, in the order of no word: each text is cut out of them elsewhere. */
const pool = new Uint8Array(64 * 1024).map((_, at) => 97 + ((at * at * 31 + at * 17) % 26));
const decoder = new TextDecoder();
let made = 0;

/** A flat string of `length` letters, which shares its memory with no other one. Those of six and more are different from each other. */
export function text(length: number): string {
  made += 1;
  const from = (made * 977) % (pool.length - length);
  const bytes = pool.slice(from, from + length);
  for (let at = 0, rest = made; at < Math.min(length, 6); at++) {
    bytes[at] = 97 + (rest % 26);
    rest = Math.floor(rest / 26);
  }
  return decoder.decode(bytes);
}

/** `count` texts of `length` letters. */
export const names = (count: number, length: number) => Array.from({ length: count }, () => text(length));
/** Work behind a call, whose end nobody waits for. */
export const drop = (work: Promise<unknown>) => void work.catch(() => undefined);
/** Everywhere. */
export const reach = { origins: null, loopback: true } as never;
