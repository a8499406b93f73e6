import { describe, expect, it } from "vitest";
import { add, changed, faultsOf } from "../../support/changed_config.ts";

type Json = Record<string, unknown>;
const READERS = { id: "readers", effect: "allow", when: "true", on: ["document:read"] };
const DEAD =
  "policy.resources.document.actions.share: is declared for nothing: no route asks for it, and neither a permission nor a rule decides on it";

/** The faults of an installation whose documents can be read, and shared as `share` says. */
function faults(share: Json, policy: Json = {}, route: Json = {}): readonly string[] {
  return faultsOf(
    changed((config) => {
      const resources = { document: { actions: { read: {}, share } } };
      config.policy = { resources, rules: [READERS], ...policy };
      add(route)(config);
    }),
  );
}

describe("an action that is declared for nothing", () => {
  it("is a fault", () => {
    expect(faults({})).toEqual([DEAD]);
  });

  it.each<[string, Json, Json, Json]>([
    ["has a permission", { permissions: ["document:share"] }, {}, {}],
    ["has a rule", {}, { rules: [{ ...READERS, on: ["document:*"] }] }, {}],
    ["has a rule on trial", {}, { rules: [READERS, { ...READERS, id: "s", on: ["*"], mode: "shadow" }] }, {}],
    ["is a permission that a route demands", {}, {}, { permissions: ["document:share"] }],
    [
      "is a permission that a rule asks for",
      {},
      { rules: [{ ...READERS, when: 'permitted(principal, "document:share")' }] },
      {},
    ],
  ])("is none where it %s", (_, share, policy, route) => {
    expect(faults(share, policy, route)).toEqual([]);
  });

  it("tells what may have been meant for it, beside the fault of that name", () => {
    const misspelt = { ...READERS, id: "sharers", on: ["document:shrae"] };
    expect(faults({}, { rules: [READERS, misspelt] })).toEqual([
      "policy.rules[1].on[0]: names nothing: there is no action `document:shrae`; did you mean `document:share`?",
      `${DEAD}; \`document:shrae\` is named, and is no action`,
    ]);
  });

  it("and one that others alone would decide on says why that is not enough", () => {
    const external = { pdp: { url: "https://pdp.example.com/access/v1/evaluation" } };
    const reason =
      "policy.resources.document.actions.share.external: has a say beside permissions and live rules, and never in their place: the action has neither, so nobody may ever do it";
    expect(faults({ external: "pdp" }, { external })).toEqual([reason]);
    const onTrial = { ...READERS, id: "on-trial", on: ["document:share"], mode: "shadow" };
    expect(faults({ external: "pdp" }, { external, rules: [READERS, onTrial] })).toEqual([reason]);
    expect(faults({ external: "pdp", permissions: ["document:share"] }, { external })).toEqual([]);
  });
});
