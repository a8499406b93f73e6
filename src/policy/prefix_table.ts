import type { Address, AddressRange } from "./address_range.ts";

/**
 * Many address ranges, compiled once and looked up often. Prefixes nest or are apart, never half of each: so of those that hold an
 * address the innermost is found by halving, and all others by going outwards from there, at most 128 steps. Owns numbers
 * alone, 13 to 25 bytes a range; what a range means is its index's business.
 */
export interface PrefixTable {
  readonly v4: PrefixTree;
  readonly v6: PrefixTree;
}

/** The ranges of one family, by where they begin, outer ones first. */
interface PrefixTree {
  /** 32-bit words of an address: one, or four. */
  readonly words: number;
  readonly starts: Uint32Array;
  readonly bits: Uint8Array;
  /** Where the next range outwards stands here; -1 for none. */
  readonly outer: Int32Array;
  /** Where the range stood among those that the table was made of. */
  readonly origin: Int32Array;
}

const WORD_BITS = 32;

/** Compiles `ranges`. */
export function prefixTable(ranges: readonly AddressRange[]): PrefixTable {
  return { v4: tree(ranges, 4), v6: tree(ranges, 6) };
}

/**
 * The index of the innermost range that holds `address` and that `counts`; -1 for none. `counts` is asked of ranges that hold the
 * address, from the inside out.
 */
export function innermost(table: PrefixTable, address: Address, counts: (index: number) => boolean): number {
  const { words, starts, bits, outer, origin } = address.family === 4 ? table.v4 : table.v6;
  const sought = wordsOf(address.groups);
  for (let at = lastUpTo(starts, words, sought); at >= 0; at = outer[at] ?? -1) {
    const index = origin[at] ?? -1;
    if (shares(starts, at * words, bits[at] ?? 0, sought) && counts(index)) return index;
  }
  return -1;
}

function tree(all: readonly AddressRange[], family: 4 | 6): PrefixTree {
  const words = family === 4 ? 1 : 4;
  const ranges = all.flatMap((range, index) =>
    range.family === family ? [{ start: wordsOf(range.groups), bits: range.bits, index }] : [],
  );
  ranges.sort((a, b) => compareWords(a.start, 0, b.start, words) || a.bits - b.bits);
  const starts = new Uint32Array(ranges.length * words);
  const bits = new Uint8Array(ranges.length);
  const outer = new Int32Array(ranges.length);
  const origin = new Int32Array(ranges.length);
  for (const [at, range] of ranges.entries()) {
    starts.set(range.start, at * words);
    bits[at] = range.bits;
    origin[at] = range.index;
    // Whatever encloses this one encloses the one before it too, or is it.
    let around = at - 1;
    while (around >= 0 && !shares(starts, around * words, bits[around] ?? 0, range.start)) around = outer[around] ?? -1;
    outer[at] = around;
  }
  return { words, starts, bits, outer, origin };
}

function wordsOf(groups: readonly number[]): readonly number[] {
  const words: number[] = [];
  for (let at = 0; at < groups.length; at += 2) words.push(((groups[at] ?? 0) * 0x10000 + (groups[at + 1] ?? 0)) >>> 0);
  return words;
}

/** The last range that begins at `sought` or before it; -1 for none. */
function lastUpTo(starts: Uint32Array, words: number, sought: readonly number[]): number {
  let [low, high] = [0, starts.length / words];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareWords(starts, middle * words, sought, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function compareWords(left: ArrayLike<number>, from: number, right: ArrayLike<number>, words: number): number {
  for (let at = 0; at < words; at++) {
    const difference = (left[from + at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether `address` has the first `bits` of the range that begins at `from`. */
function shares(starts: Uint32Array, from: number, bits: number, address: readonly number[]): boolean {
  for (let at = 0, left = bits; left > 0; at++, left -= WORD_BITS) {
    const mask = left >= WORD_BITS ? -1 : ~(-1 >>> left);
    if ((((starts[from + at] ?? 0) ^ (address[at] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
