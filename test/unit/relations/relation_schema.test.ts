import { describe, expect, it } from "vitest";
import type { WrittenRelations } from "../../../src/policy/relations/relation_names.ts";
import { compileRelations } from "../../../src/policy/relations/relation_schema.ts";

const DRIVE: WrittenRelations = {
  group: { member: "[user, group#member]" },
  folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
  document: {
    parent: "[folder]",
    owner: "[user]",
    editor: "[user, api_key] or owner",
    viewer: "[user, group#member] or editor or viewer of parent",
  },
};

/** What is said of `document` beside a group and a folder that are sound. */
function faultsOf(document: Readonly<Record<string, string>>): readonly string[] {
  const { group = {}, folder = {} } = DRIVE;
  const compiled = compileRelations({ group, folder, document });
  return compiled.ok ? [] : compiled.error.map(({ at, reason }) => `${at}: ${reason}`);
}

describe("a schema of relations", () => {
  it("whose names resolve is compiled, and spelt in one way", () => {
    const compiled = compileRelations(DRIVE);
    const turned = compileRelations(
      Object.fromEntries(
        Object.entries(DRIVE)
          .toReversed()
          .map(([type, relations]) => [
            type,
            Object.fromEntries(
              Object.entries(relations)
                .toReversed()
                .map(([name, text]) => [name, ` (${text}) `]),
            ),
          ]),
      ),
    );
    if (!compiled.ok || !turned.ok) throw new Error("not compiled");
    expect(turned.value.text).toBe(compiled.value.text);
    expect(compiled.value.strata).toBe(1);
  });

  it.each<[reason: string, document: Readonly<Record<string, string>>]>([
    ["document.viewer: there is no type `grup`; did you mean `group`?", { viewer: "[grup#member]" }],
    ["document.viewer: there is no type `usr`; did you mean `user`?", { viewer: "[usr]" }],
    ["document.viewer: `group` has no relation `membr`; did you mean `member`?", { viewer: "[group#membr]" }],
    [
      "document.viewer: `document` has no relation `editr`; did you mean `editor`?",
      { viewer: "editr", editor: "[user]" },
    ],
    ["document.viewer: `document` has no relation `user`; `[user]` is for whom tuples name", { viewer: "user" }],
    ["document.viewer: `document` has no relation `parent`", { viewer: "viewer of parent" }],
    [
      "document.editor: `folder` has no relation `editor`",
      { parent: "[folder]", editor: "[user] or editor of parent" },
    ],
    [
      "document.viewer: `of owner`: `owner` is not a list of objects alone, such as `[folder]`",
      { owner: "[user]", viewer: "viewer of owner" },
    ],
    ["document.viewer: `user#member`: a user has no members", { viewer: "[user#member]" }],
    [
      "document.viewer: takes `group`, an object, beside who has relations; did you mean `group#member`?",
      { viewer: "[user, group]" },
    ],
    ["document.viewer: takes `user` twice", { viewer: "[user, user]" }],
    [
      "document.viewer: has two lists of subjects: tuples do not say which of them they are for",
      { viewer: "[user] or ([group#member] and [user])" },
    ],
    ["document.a: is defined by itself: a → b → a", { a: "[user] or b", b: "[user] or a" }],
    ["document.a: is defined by itself: a → a", { a: "[user] or a" }],
    [
      "document.viewer: nobody can ever have it: it only leads back to itself",
      { parent: "[document]", viewer: "viewer of parent" },
    ],
    ["document.reader: nobody can ever have it: it only leads back to itself", { reader: "[document#reader]" }],
    [
      "document.viewer: leads back to itself through a `but not`: it would hold where it does not",
      { parent: "[document]", viewer: "[user] but not viewer of parent" },
    ],
    ["document.Viewer: is no name of a relation: small letters, digits and _, 32 at most", { Viewer: "[user]" }],
    [
      "document.viewer: line 1, column 8: `und` is out of place: expected `or`; did you mean `and`?",
      { viewer: "[user] und x" },
    ],
    ["document: has no relation", {}],
  ])("%s", (reason, document) => {
    expect(faultsOf(document)).toContain(reason);
  });

  it("objects are not called like principals, and there are not too many of them", () => {
    expect(compileRelations({ user: { friend: "[user]" } }).ok).toBe(false);
    const types = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, { a: "[user]" }]));
    expect(compileRelations(types(64)).ok).toBe(true);
    expect(compileRelations(types(65)).ok).toBe(false);
    const wide = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`r${at}`, "[user]"]));
    expect(compileRelations({ t: wide(64) }).ok).toBe(true);
    expect(compileRelations({ t: wide(65) }).ok).toBe(false);
    const full = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`t${at}`, wide(57)]));
    expect(compileRelations(full).ok).toBe(false);
    const long = `[user]${" or b".repeat(31)}${" ".repeat(1_800)}`;
    const text = (count: number) => ({
      t: { ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`r${at}`, long])), b: "[user]" },
    });
    expect(compileRelations(text(33)).ok).toBe(true);
    expect(compileRelations(text(34)).ok).toBe(false);
  });

  it("who is excluded is known before who is left", () => {
    const compiled = compileRelations({
      folder: {
        parent: "[folder]",
        blocked: "[user] or blocked of parent",
        viewer: "([user] or viewer of parent) but not blocked",
      },
    });
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
    expect(compiled.value.types.get("folder")?.get("blocked")?.stratum).toBe(0);
    expect(compiled.value.types.get("folder")?.get("viewer")?.stratum).toBe(1);
    expect(compiled.value.strata).toBe(2);
  });
});
