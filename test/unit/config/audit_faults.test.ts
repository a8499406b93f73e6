import { describe, expect, it } from "vitest";
import { compileConfig } from "../../../src/config/compile.ts";
import { ADDED, add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";

const gateway = (audit: object) => (config: MutableConfig) => {
  config.gateway.audit = audit;
};

const NO_KEYS = (config: MutableConfig) => {
  config.gateway.audit = { keyUses: "all" };
  for (const route of config.routes) route.credentials = ["bearer"];
};

describe("settings of the audit trail", () => {
  it.each([
    ["a sample of nothing", add({ audit: { sample: 0 } }), `${ADDED}.audit`],
    ["a sample of everything, which is `all`", add({ audit: { sample: 1 } }), `${ADDED}.audit`],
    ["a word that is none", add({ audit: "some" }), `${ADDED}.audit`],
    ["a sample that is required", gateway({ keyUses: "required" }), "gateway.audit.keyUses"],
    ["an unknown member", gateway({ routes: "all" }), "gateway.audit"],
    ["uses of keys where no key opens a route", NO_KEYS, "gateway.audit.keyUses"],
    ["an address where nothing is recorded", gateway({ address: "exact" }), "gateway.audit.address"],
  ])("%s is a fault", (_, change, path) => {
    expect(faultsOf(changed(change)).map((fault) => fault.slice(0, path.length))).toContain(path);
  });

  it.each([
    ["nothing", () => undefined, "none"],
    ["all", add({ audit: "all" }), "all"],
    ["required", add({ audit: "required", public: true }), "required"],
    ["a sample", add({ audit: { sample: 0.25 } }), { sample: 0.25 }],
  ])("%s is taken", (_, change, audit) => {
    const compiled = compileConfig(changed(change));
    expect(compiled.ok && compiled.value.routes.at(-1)?.audit).toEqual(audit);
  });
});
