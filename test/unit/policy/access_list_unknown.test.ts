import { expect, it } from "vitest";
import { type AccessList, judgeLists } from "../../../src/policy/access_list.ts";

const NOW = 1_800_000_000_000;

function listEnding(endsAtMs: number | null): AccessList {
  const terms = { reason: "abuse", endsAtMs };
  const asns = new Map([[64_500, terms]]);
  return { name: "bad", action: "deny", terms, ranges: null, asns, beats: new Set(), matchesUnknown: true };
}

it.each([
  ["for ever", null, "deny"],
  ["for a moment more", NOW + 1, "deny"],
  ["no longer", NOW, "pass"],
] as const)(
  "a call of unknown origin is on a list that takes it for listed, while the list counts: %s",
  (_, endsAtMs, effect) => {
    expect(judgeLists([listEnding(endsAtMs)], { address: null, asn: null }, NOW).effect).toBe(effect);
  },
);
