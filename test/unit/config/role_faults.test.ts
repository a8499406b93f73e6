import { describe, expect, it } from "vitest";
import { compileConfig } from "../../../src/config/compile.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { gatewayConfig } from "../../support/gateway_config.ts";

type RouteInput = ConfigInput["routes"][number];

function faultsOf(route: Partial<RouteInput>) {
  const base = gatewayConfig();
  const added = { path: "/tenants/:tenant/notes/:id", methods: ["GET" as const], origin: "main", ...route };
  const policy = {
    principal: {},
    resources: { note: { actions: { read: {}, write: { permissions: ["note:edit"] } } } },
  };
  const compiled = compileConfig({ ...base, policy, routes: [...base.routes, added] });
  return compiled.ok
    ? []
    : compiled.error.map(({ path, reason }) => `${path.replace(/^routes\[\d+\]\./, "")}: ${reason}`);
}

describe("what a route asks of roles", () => {
  it.each<[Partial<RouteInput>]>([
    [{ permissions: ["note:read", "note:write", "note:edit"] }],
    [{ permissions: ["invoice:approve"] }],
    [{ permissions: ["note:read"], tenant: { path: "tenant" } }],
    [{ roles: ["editor"], tenant: { path: "tenant" } }],
    [{ action: "note:write", tenant: { path: "tenant" } }],
  ])("%j is fine", (route) => {
    expect(faultsOf(route)).toEqual([]);
  });

  it.each<[Partial<RouteInput>, RegExp]>([
    [{ permissions: ["note:read"], public: true }, /^public: .*proves nobody/],
    [{ permissions: ["note:read", "note:read"] }, /^permissions\[1\]: .*twice/],
    [{ permissions: ["note:reed"] }, /^permissions\[0\]: .*did you mean `note:read`/],
    [{ permissions: ["note:*"] }, /^permissions\[0\]: is no permission/],
    [{ permissions: ["*"] }, /^permissions\[0\]: is no permission/],
    [{ permissions: ["note:read"], tenant: { path: "tenent" } }, /^tenant\.path: .*`:tenent`/],
    [{ tenant: { path: "tenant" } }, /^tenant: changes nothing/],
  ])("%j is a fault at its place", (route, fault) => {
    expect(faultsOf(route)).toContainEqual(expect.stringMatching(fault));
  });
});

describe("the tenant of a resource", () => {
  const faults = (document: object) => {
    const compiled = compileConfig({ ...gatewayConfig(), policy: { principal: {}, resources: { document } } });
    return compiled.ok ? [] : compiled.error.map(({ path, reason }) => `${path}: ${reason}`);
  };

  it("is said by an attribute that is declared, as a text", () => {
    expect(faults({ attributes: { org: "string" }, tenant: "org" })).toEqual([]);
    expect(faults({ attributes: { org: "int" }, tenant: "org" })).toEqual([
      expect.stringMatching(/no attribute of type string/),
    ]);
    expect(faults({ attributes: { org: "string" }, tenant: "orgs" })).toEqual([
      expect.stringMatching(/did you mean `org`/),
    ]);
    expect(faults({ attributes: {}, tenant: "constructor" })).toEqual([expect.stringMatching(/not among attributes/)]);
  });
});
