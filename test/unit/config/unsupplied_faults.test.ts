import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf } from "../../support/changed_config.ts";

type Json = Record<string, unknown>;
const BY_PATH = { id: { path: "id" } };
const METADATA = {
  documents: { type: "document", url: "https://origin.example/documents/{id}", onUnavailable: "deny" },
};

/** The faults of an installation whose rule `when` decides on calls about `resource`. */
function faults(when: string, resource: Json | undefined, changes: Json = {}, rule: Json = {}): readonly string[] {
  const { metadata, ...route } = changes;
  return faultsOf(
    changed((config) => {
      config.policy = {
        principal: { department: "string" },
        resources: {
          document: { attributes: { owner: "string", amount: "int" }, actions: { read: {} } },
        },
        rules: [{ id: "rule", effect: "allow", when, on: ["document:read"], ...rule }],
        ...(metadata === undefined ? {} : { metadata: metadata as Json }),
      };
      add({ path: "/added/:id", action: "document:read", ...(resource && { resource }), ...route })(config);
    }),
  );
}

const OWNED = "resource.owner == principal.id";
const fault = (names: string, remedy: string) => [
  `${ADDED}.resource: \`rule\` names ${names}, which nothing tells here: it fails for every call, and so denies: ${remedy}`,
];
const TOLD =
  "say where that stands (`attributes`), ask its origin (`metadata`), or write `has(...)` where it may be missing";

describe("a rule that names what nothing tells of the resource", () => {
  it.each<[string, string, string]>([
    ["alone", OWNED, "`resource.owner`"],
    ["beside others", `"manager" in principal.roles && ${OWNED}`, "`resource.owner`"],
    ["denied", `!(${OWNED})`, "`resource.owner`"],
    ["on both sides", `${OWNED} || resource.amount < 5`, "`resource.owner`, `resource.amount`"],
    ["in a function", 'resource.owner.startsWith("a")', "`resource.owner`"],
    ["in a list", "principal.id in [resource.owner]", "`resource.owner`"],
    ["as a condition", 'resource.amount > 5 ? true : principal.kind == "user"', "`resource.amount`"],
    [
      "behind every condition",
      `principal.kind == "user" ? ${OWNED} : resource.amount > 1`,
      "`resource.owner`, `resource.amount`",
    ],
  ])("%s", (_name, when, names) => {
    expect(faults(when, BY_PATH)).toEqual(fault(names, TOLD));
  });

  it("and one that denies, too", () => {
    const allow = { id: "all", effect: "allow", when: "true", on: ["document:read"] };
    expect(allow.effect).toBe("allow");
    expect(faults(OWNED, BY_PATH, {}, { effect: "deny" }).join("\n")).toContain("names `resource.owner`");
  });

  it("hears who could tell it", () => {
    expect(faults(OWNED, BY_PATH, { metadata: METADATA }).join("\n")).toContain(
      "ask its origin (`metadata` `documents`)",
    );
  });

  it("an id that the route does not read is missing as well", () => {
    const told = { attributes: { owner: { path: "id" } } };
    expect(faults('resource.id == "1"', told)).toEqual(
      fault("`resource.id`", "say where its `id` stands, or write `has(...)` where it may be missing"),
    );
  });
});

describe("a rule is left alone", () => {
  it.each<[string, string, Json, Json]>([
    ["that names what the call says", OWNED, { ...BY_PATH, attributes: { owner: { query: "owner" } } }, {}],
    ["that names what the origin tells", OWNED, { ...BY_PATH, metadata: "documents" }, { metadata: METADATA }],
    ["that asks whether it is there", `has(resource.owner) && ${OWNED}`, BY_PATH, {}],
    ["that denies where it is not there", `!has(resource.owner) || ${OWNED}`, BY_PATH, {}],
    ["that is true without it", `"manager" in principal.roles || ${OWNED}`, BY_PATH, {}],
    ["that may go another way", `principal.kind == "user" ? true : ${OWNED}`, BY_PATH, {}],
    ["that names the id and the type", 'resource.id != "0" && resource.type == "document"', BY_PATH, {}],
  ])("%s", (_name, when, resource, changes) => {
    expect(faults(when, resource, changes)).toEqual([]);
  });

  it("that is on trial: it decides nothing", () => {
    const rules = faults(OWNED, BY_PATH, {}, { mode: "shadow" });
    expect(rules.join("\n")).not.toContain("which nothing tells here");
  });

  it("where the origin tells something else alone, it is not", () => {
    const documents = { ...METADATA.documents, attributes: ["amount"] };
    const told = faults(OWNED, { ...BY_PATH, metadata: "documents" }, { metadata: { documents } });
    expect(told).toEqual(fault("`resource.owner`", TOLD));
  });
});
