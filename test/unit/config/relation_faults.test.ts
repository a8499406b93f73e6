import { describe, expect, it } from "vitest";
import { relationSchema } from "../../../src/compose/relations.ts";
import { type CompiledConfig, compileConfig } from "../../../src/config/compile.ts";
import { judgeConfig } from "../../../src/config/judge.ts";
import { canBeAsked } from "../../../src/policy/relations/check.ts";
import { relationNames } from "../../../src/policy/relations/relation_names.ts";
import { changed } from "../../support/changed_config.ts";
import { schemaOf, tuple } from "../../support/relation_graph.ts";

function withRelations(relations: unknown): unknown {
  return changed((config) => {
    config.policy = { principal: {}, resources: {}, relations };
  });
}

/** As a gate runs it. */
function run(relations: unknown): CompiledConfig {
  const compiled = compileConfig(withRelations(relations));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

describe("relations that mean nothing", () => {
  const WRONG: readonly [string, unknown, string][] = [
    ["a type that there is not", { document: { viewer: "[usr]" } }, "policy.relations.document.viewer"],
    ["what cannot be read", { document: { viewer: "[user" } }, "policy.relations.document.viewer"],
    ["themselves", { document: { viewer: "editor", editor: "viewer" } }, "policy.relations.document.viewer"],
    [
      "an exclusion of themselves",
      { document: { viewer: "[user] but not viewer" } },
      "policy.relations.document.viewer",
    ],
    ["a principal's relations", { user: { friend: "[user]" } }, "policy.relations.user"],
  ];

  it.each(WRONG)("of %s are refused where they are written or published", (_, relations, path) => {
    const judged = judgeConfig(withRelations(relations));
    expect(judged.ok ? [] : judged.error.map((fault) => fault.path)).toContain(path);
  });

  it.each(WRONG)(
    "of %s are refused by the issuer, who answers for them, also where they were published",
    (_, relations) => {
      expect(() => relationSchema(run(relations))).toThrow("what relations mean cannot be read: policy.relations.");
    },
  );

  it("are told together with every other fault", () => {
    const judged = judgeConfig(
      changed((config) => {
        config.policy = { principal: {}, resources: {}, relations: { document: { viewer: "[usr]" } } };
        config.routes = config.routes.map((route) => ({ ...route, limits: ["nobody"] }));
      }),
    );
    const paths = judged.ok ? [] : judged.error.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["policy.relations.document.viewer", "routes[0].limits[0]"]));
  });
});

describe("the names that a gate knows", () => {
  const WRITTEN = {
    folder: { viewer: "[user]" },
    document: { parent: "[folder]", viewer: "[user] or viewer of parent" },
  };

  it.each([
    "document:1#viewer@user:a",
    "document:1#viewer@folder:a#viewer",
    "document:1#parent@folder:a",
    "document:1#editor@user:a",
    "file:1#viewer@user:a",
    "document:1#viewer@group:a",
    "document:1#viewer@folder:a#owner",
    "constructor:1#viewer@user:a",
  ])("let it ask what the whole schema would: %s", (text) => {
    const check = tuple(text);
    expect(canBeAsked(relationNames(WRITTEN), check)).toBe(canBeAsked(schemaOf(WRITTEN), check));
  });

  it("have one text, however they are ordered, and another where anything differs", () => {
    const { folder, document } = WRITTEN;
    const { text } = relationNames(WRITTEN);
    expect(relationNames({ document: { viewer: document.viewer, parent: document.parent }, folder }).text).toBe(text);
    expect(relationNames({ folder: { viewer: "[client]" }, document }).text).not.toBe(text);
    expect(relationNames({ document }).text).not.toBe(text);
  });
});
