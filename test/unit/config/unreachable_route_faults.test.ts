import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf } from "../../support/changed_config.ts";

type Json = Record<string, unknown>;
const ALLOW = { id: "allowed", effect: "allow", when: "true", on: ["document:list"] };
const STEP_UP = { stepUp: { maxAgeSeconds: 60 } };
const STRONG = { id: "strong", effect: "deny", when: "true", on: ["document:list"], ...STEP_UP };
const KEYS = ["secret_key", "publishable_key"];

/** The faults of an installation with a route that takes `credentials`, and `rules` on its action. */
function faults(credentials: readonly string[], ...rules: Json[]): readonly string[] {
  return faultsOf(
    changed((config) => {
      config.policy = { resources: { document: { actions: { list: {} } } }, rules };
      add({ action: "document:list", credentials })(config);
    }),
  );
}
const keptOut = (ids: string) => [
  `${ADDED}.action: nobody gets to the route: it takes API keys alone, and no key meets the \`stepUp\` of ${ids}`,
];

describe("a route that takes API keys alone", () => {
  it("is unreachable where every rule that allows asks for a sign-in", () => {
    const other = { ...ALLOW, ...STEP_UP, id: "other" };
    expect(faults(KEYS, { ...ALLOW, ...STEP_UP }, other)).toEqual(keptOut("`allowed`, `other`"));
    expect(faults(["secret_key"], { ...ALLOW, ...STEP_UP })).toEqual(keptOut("`allowed`"));
  });

  it("is unreachable where a rule denies whoever has not signed in", () => {
    expect(faults(KEYS, ALLOW, STRONG)).toEqual(keptOut("`strong`"));
  });

  it.each<[string, readonly Json[]]>([
    ["one rule lets keys in", [ALLOW, { ...ALLOW, ...STEP_UP, id: "other" }]],
    ["only some calls have to be signed in for", [ALLOW, { ...STRONG, when: 'principal.kind == "user"' }]],
    ["the rule that would deny is on trial", [ALLOW, { ...STRONG, mode: "shadow" }]],
  ])("is reached where %s", (_, rules) => {
    expect(faults(KEYS, ...rules)).toEqual([]);
  });

  it("and one that people may call is reached by those who have signed in", () => {
    expect(faults(["bearer", "secret_key"], ALLOW, STRONG)).toEqual([]);
    expect(faults(["bearer"], { ...ALLOW, ...STEP_UP })).toEqual([]);
  });
});
