import type { Address } from "./address_range.ts";
import { innermost, type PrefixTable } from "./prefix_table.ts";

/**
 * Lists of networks that an operator keeps: address ranges and autonomous systems, each with a reason and an end. Owns what a call from
 * somewhere meets; refuses to know how the call came by its address.
 */
export type ListAction = "allow" | "deny" | "challenge" | "log";

/** A list as calls are held against it: an entry without terms of its own has the list's. */
export interface AccessList {
  readonly name: string;
  readonly action: ListAction;
  readonly terms: ListTerms;
  /** Null where the list has none. */
  readonly ranges: ListedRanges | null;
  readonly asns: ReadonlyMap<number, ListTerms> | null;
  /** The lists that an `allow` outdoes. */
  readonly beats: ReadonlySet<string>;
  /** Whether a call is taken to be on the list when nobody knows whether it is. */
  readonly matchesUnknown: boolean;
}

/** Why something is listed, and until when, in Unix milliseconds; null for ever. */
export interface ListTerms {
  readonly reason: string;
  readonly endsAtMs: number | null;
}

/** Ranges as they were written, what they were compiled to, and the terms of those that have their own, by index. */
export interface ListedRanges {
  readonly table: PrefixTable;
  readonly texts: readonly string[];
  readonly own: ReadonlyMap<number, ListTerms>;
}

/** Where a call comes from, as far as that is known. */
export interface Whence {
  readonly address: Address | null;
  readonly asn: number | null;
}

/** What a list says of a call: for operators alone. */
export interface ListHit {
  readonly list: string;
  readonly action: ListAction;
  /** The range, `AS` and a number, or `unknown`. */
  readonly matched: string;
  readonly reason: string;
  /** An `allow` outdid it. */
  readonly beaten: boolean;
}

export interface ListVerdict {
  readonly effect: "pass" | "challenge" | "deny";
  readonly hits: readonly ListHit[];
}

/** Holds a call from `whence` against `lists`: a `deny` that stands denies, a `challenge` that stands challenges, whatever else is there. */
export function judgeLists(lists: readonly AccessList[], whence: Whence, nowMs: number): ListVerdict {
  const found = lists.flatMap((list) => {
    const match = matchOf(list, whence, nowMs);
    return match === null ? [] : [{ list, match }];
  });
  const beaten = new Set(found.flatMap(({ list }) => [...list.beats]));
  const hits = found.map(({ list, match }) => ({
    list: list.name,
    action: list.action,
    ...match,
    beaten: beaten.has(list.name),
  }));
  const stands = (action: ListAction) => hits.some((hit) => hit.action === action && !hit.beaten);
  return { effect: stands("deny") ? "deny" : stands("challenge") ? "challenge" : "pass", hits };
}

type Match = Pick<ListHit, "matched" | "reason">;

function matchOf(list: AccessList, { address, asn }: Whence, nowMs: number): Match | null {
  const found = rangeMatch(list, address, nowMs) ?? asnMatch(list, asn, nowMs);
  if (found !== null) return found;
  const unknown = (list.ranges !== null && address === null) || (list.asns !== null && asn === null);
  return unknown && list.matchesUnknown && lives(list.terms, nowMs)
    ? { matched: "unknown", reason: list.terms.reason }
    : null;
}

function rangeMatch({ ranges, terms }: AccessList, address: Address | null, nowMs: number): Match | null {
  if (ranges === null || address === null) return null;
  const termsAt = (index: number) => ranges.own.get(index) ?? terms;
  const index = innermost(ranges.table, address, (candidate) => lives(termsAt(candidate), nowMs));
  return index < 0 ? null : { matched: ranges.texts[index] ?? "", reason: termsAt(index).reason };
}

function asnMatch({ asns }: AccessList, asn: number | null, nowMs: number): Match | null {
  const terms = asns === null || asn === null ? undefined : asns.get(asn);
  return terms !== undefined && lives(terms, nowMs) ? { matched: `AS${asn}`, reason: terms.reason } : null;
}

function lives({ endsAtMs }: ListTerms, nowMs: number): boolean {
  return endsAtMs === null || nowMs < endsAtMs;
}
