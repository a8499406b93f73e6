import { describe, expect, it } from "vitest";
import { compileConfig } from "../../../src/config/compile.ts";
import { loadFaults } from "../../../src/config/deployed.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { authzenConfig, RECORDS } from "../../support/authzen_config.ts";

const POLICY = {
  ...RECORDS,
  principal: { department: "string" },
  resources: {
    record: {
      attributes: { status: "string", org: "string" },
      tenant: "org",
      actions: { read: {}, write: {}, delete: {} },
    },
    folder: { attributes: {}, actions: {} },
  },
} as const satisfies ConfigInput["policy"];

type Authzen = Parameters<typeof authzenConfig>[1];

function faults(
  authzen: Authzen,
  change: (config: ConfigInput) => ConfigInput = (config) => config,
): readonly string[] {
  const compiled = compileConfig(change(authzenConfig(POLICY, authzen)));
  return compiled.ok ? [] : compiled.error.map(({ path, reason }) => `${path}: ${reason}`);
}

describe("the API by which others ask", () => {
  it("needs nothing but a policy, and the scope that its callers have", () => {
    expect(faults({})).toEqual([]);
    expect(faults({}, ({ policy: _, ...config }) => config)).toEqual([
      "gateway.authzen: needs `policy`: there is nothing to decide by",
    ]);
    const without = (config: ConfigInput) => {
      const [api] = config.issuer.apis;
      const scopes = { "orders:read": "Read", "orders:write": "Write" };
      return { ...config, issuer: { ...config.issuer, apis: [{ resource: api?.resource ?? "", scopes }] } };
    };
    expect(faults({}, without)).toEqual([
      "issuer.apis[0].scopes: lacks `authz:evaluate`, which gateway.authzen asks of callers",
    ]);
  });

  it("what it settles has an effect", () => {
    expect(
      faults({
        search: {},
        limits: ["units"],
        audit: "all",
        believes: ["time"],
        callers: {
          cli_1: {
            resourceTypes: ["record"],
            tenants: ["acme"],
            says: { roles: ["admin"], attributes: ["department"] },
          },
        },
      }),
    ).toEqual([]);
  });

  it.each<[Authzen, string]>([
    [{ limits: ["nothing"] }, "gateway.authzen.limits[0]: `nothing` is not among limits"],
    [
      { limits: ["document"] },
      "gateway.authzen.limits[0]: the path has no parameter `:id`, which this limit counts by",
    ],
    [{ believes: ["time", "time"] }, "gateway.authzen.believes: names a fact twice"],
    [{ callers: { cli_1: {} } }, "gateway.authzen.callers.cli_1: settles nothing"],
    [{ callers: { cli_1: { says: {} } } }, "gateway.authzen.callers.cli_1.says: says nothing"],
    [
      { callers: { cli_1: { resourceTypes: ["folder"], tenants: ["acme"] } } },
      "gateway.authzen.callers.cli_1.tenants: nothing that it may ask about has a `tenant`",
    ],
    [
      { callers: { cli_1: { resourceTypes: ["folders"] } } },
      "gateway.authzen.callers.cli_1.resourceTypes[0]: `folders` is not among policy.resources; did you mean `folder`?",
    ],
    [
      { callers: { cli_1: { says: { attributes: ["departmnt"] } } } },
      "gateway.authzen.callers.cli_1.says.attributes[0]: `departmnt` is not among policy.principal; did you mean `department`?",
    ],
  ])("%j is told with its place", (authzen, fault) => {
    expect(faults(authzen)).toContain(fault);
  });

  const source = { type: "record", url: "https://records.example/{id}", onUnavailable: "deny" } as const;
  const withSources = (metadata: NonNullable<ConfigInput["policy"]>["metadata"]) => (config: ConfigInput) => ({
    ...config,
    policy: { ...POLICY, metadata },
  });

  it("asks the origins of resources, one for a type: all of them, or those that are named", () => {
    expect(faults({}, withSources({ records: source }))).toEqual([]);
    const two = withSources({ records: source, others: { ...source, attributes: ["org"] } });
    expect(faults({}, two)).toEqual(["gateway.authzen.metadata: names two for `record`"]);
    expect(faults({ metadata: ["records"] }, two)).toEqual(["policy.metadata.others: is used by no route"]);
    expect(faults({ metadata: [] }, withSources({ records: source }))).toEqual([
      "policy.metadata.records: is used by no route",
    ]);
    expect(faults({ metadata: ["record"] }, withSources({ records: source }))).toContain(
      "gateway.authzen.metadata: `record` is not among policy.metadata; did you mean `records`?",
    );
    expect(faults({ metadata: [] })).toEqual([
      "gateway.authzen.metadata: chooses among `policy.metadata`, and that has nobody",
    ]);
  });

  it("a route of the API's own paths is none, whether the API is there or not", () => {
    const route = { path: "/access/v1/evaluation", methods: ["POST" as const], origin: "main" };
    const reserved = (config: ConfigInput) => ({ ...config, routes: [...config.routes, route] });
    expect(faults({}, reserved).join()).toContain("is reserved for Sallyport itself");
  });
});

describe("decision points of others", () => {
  const actions = { read: { external: "pdp" }, write: {}, delete: {} };
  const withExternal =
    (external: NonNullable<ConfigInput["policy"]>["external"], used = actions) =>
    (config: ConfigInput) => ({
      ...config,
      policy: {
        ...POLICY,
        external,
        resources: { ...POLICY.resources, record: { ...POLICY.resources.record, actions: used } },
      },
    });
  const url = "https://pdp.example/access/v1/evaluation";
  const onward = { tokenUrl: "https://id.example/token", clientId: "us", clientSecretBinding: "PDP_SECRET" };

  it("are called where the internet is, with a token or without", () => {
    expect(faults({}, withExternal({ pdp: { url } }))).toEqual([]);
    expect(
      faults({}, withExternal({ pdp: { url, tokenBinding: "PDP_TOKEN", cacheSeconds: 60, tells: ["roles"] } })),
    ).toEqual([]);
    expect(faults({}, withExternal({ pdp: { url, onward } }))).toEqual([]);
  });

  it.each<[NonNullable<NonNullable<ConfigInput["policy"]>["external"]>, string]>([
    [{ pdp: { url: "https://10.0.0.1/" } }, "policy.external.pdp.url: is not called: url_host_not_public"],
    [{ pdp: { url: "http://pdp.example/" } }, "policy.external.pdp.url: is not called: url_scheme_not_allowed"],
    [
      { pdp: { url, onward: { ...onward, tokenUrl: "https://169.254.169.254/" } } },
      "policy.external.pdp.onward.tokenUrl: is not called: url_host_not_public",
    ],
    [
      { pdp: { url, onward, tokenBinding: "PDP_TOKEN" } },
      "policy.external.pdp.onward: is a second token beside `tokenBinding`",
    ],
    [{ pdp: { url, tells: ["roles", "roles"] } }, "policy.external.pdp.tells: names a fact twice"],
    [{ pdp: { url }, other: { url } }, "policy.external.other: has a say in no action"],
    [
      { pdb: { url } },
      "policy.resources.record.actions.read.external: `pdp` is not among policy.external; did you mean `pdb`?",
    ],
    [
      { pdp: { url, onUnavailable: "allow" as never } },
      'policy.external.pdp.onUnavailable: Invalid input: expected "deny"',
    ],
  ])("%j is told with its place", (external, fault) => {
    expect(faults({}, withExternal(external))).toContain(fault);
  });

  it("one that gets a token is as it was deployed, or it is not published", () => {
    const compiled = (external: NonNullable<ConfigInput["policy"]>["external"]) => {
      const result = compileConfig(withExternal(external)(authzenConfig(POLICY)));
      if (!result.ok) throw new Error(JSON.stringify(result.error));
      return result.value;
    };
    const elsewhere = "https://evil.example/";
    for (const secret of [{ onward }, { tokenBinding: "PDP_TOKEN" }]) {
      const deployed = compiled({ pdp: { url, ...secret } });
      expect(loadFaults(deployed, deployed)).toEqual([]);
      expect(loadFaults(compiled({ pdp: { url: elsewhere, ...secret } }), deployed)).not.toEqual([]);
    }
  });
});
