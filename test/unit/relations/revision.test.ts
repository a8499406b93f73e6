import fc from "fast-check";
import { expect, it } from "vitest";
import { consistencyToken, parseConsistencyToken } from "../../../src/policy/relations/revision.ts";

it("a consistency token is read as the revision that it was made of", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (revision) => {
      expect(parseConsistencyToken(consistencyToken(revision))).toBe(revision);
    }),
  );
});

it.each([
  "",
  "rev_",
  "rev_-1",
  "rev_01",
  "rev_A",
  "rev_1 ",
  " rev_1",
  "rev_1\n",
  "7",
  "rev_zzzzzzzzzzz",
  "rev_1,rev_2",
])("%j is no consistency token", (text) => {
  expect(parseConsistencyToken(text)).toBeNull();
});
