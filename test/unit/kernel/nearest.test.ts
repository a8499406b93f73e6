import { expect, test } from "vitest";
import { didYouMean, nearest } from "../../../src/kernel/nearest.ts";

test.each([
  ["departmnt", ["department", "clearance"], "department"],
  ["viewre", ["editor", "viewer"], "viewer"],
  ["fodler", ["folder", "holder"], "folder"],
  ["own", ["owner", "member"], null],
  ["ab", ["abc"], "abc"],
  ["x", ["y"], "y"],
  ["member", ["viewer", "editor"], null],
  ["", ["a"], "a"],
  ["anything", [], null],
  ["a".repeat(65), ["a".repeat(64)], null],
] as const)("%s among %j", (written, names, expected) => {
  expect(nearest(written, names)).toBe(expected);
});

test("a name that is near is put into words, and nothing otherwise", () => {
  expect(didYouMean("departmnt", ["department"])).toBe("; did you mean `department`?");
  expect(didYouMean("colour", ["department"])).toBe("");
});
