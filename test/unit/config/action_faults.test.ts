import { describe, expect, it } from "vitest";
import { ADDED, changed, faultsOf } from "../../support/changed_config.ts";
import { ITEMS } from "../../support/contract_config.ts";

type Json = Record<string, unknown>;
const RULES = [
  {
    id: "owner",
    effect: "allow",
    when: "has(resource.owner) && resource.owner == principal.id",
    on: ["document:read"],
  },
  { id: "anybody", effect: "allow", when: "true", on: ["document:list"] },
  { id: "titled", effect: "allow", when: 'request.body.title != ""', on: ["document:create"] },
];
const ACTIONS = { read: {}, list: {}, create: {} };
const POLICY = {
  resources: {
    document: { attributes: { owner: "string" }, actions: ACTIONS },
    other: { attributes: {}, actions: {} },
  },
  rules: RULES,
};
/** What takes JSON alone. */
const THINGS = {
  openapi: "3.1.0",
  paths: {
    "/things": {
      post: {
        requestBody: { required: true, content: { "application/json": { schema: { type: "object" } } } },
        responses: { default: { description: "whatever" } },
      },
    },
  },
};
const SOURCE = { type: "document", url: "https://documents.example.com/{id}", onUnavailable: "deny" };

/** The faults of an installation with one more route, and what `policy` adds. */
function withRoute(route: Json, policy: Json = {}): readonly string[] {
  return faultsOf(
    changed((config) => {
      config.policy = { ...POLICY, ...policy };
      config.routes.push({ path: "/added/:id", methods: ["GET"], origin: "main", ...route });
      config.openapi = { items: ITEMS, things: THINGS };
      config.routes.push({
        path: "/t/things",
        methods: ["POST"],
        origin: "main",
        openapi: { document: "things", path: "/things" },
      });
      config.routes.push({
        path: "/i/items",
        methods: ["GET"],
        origin: "main",
        openapi: { document: "items", path: "/items" },
      });
    }),
  );
}
const POST = { methods: ["POST"], jsonBody: {} };
const READ = { action: "document:read", resource: { id: { path: "id" } } };

describe("what calls of a route ask to do", () => {
  it.each<[string, Json, Json?]>([
    ["an action and its resource in the path", READ],
    ["in the query", { ...READ, resource: { id: { query: "ids", several: "commas" } } }],
    ["in a body", { ...READ, ...POST, resource: { id: { body: "/items/*/id" } } }],
    [
      "in a body that a contract describes",
      {
        ...READ,
        path: "/added/things",
        methods: ["POST"],
        openapi: { document: "things", path: "/things" },
        resource: { id: { body: "/name" } },
      },
    ],
    ["in two places", { ...READ, ...POST, resource: { id: [{ path: "id" }, { body: "/id" }] } }],
    [
      "attributes of the same items",
      { ...READ, ...POST, resource: { id: { body: "/*/id" }, attributes: { owner: { body: "/*/owner" } } } },
    ],
    ["an action about nothing", { action: "document:list" }],
    ["a rule on the body", { action: "document:create", ...POST }],
    [
      "an origin that is asked",
      { ...READ, resource: { id: { path: "id" }, metadata: "docs" } },
      { metadata: { docs: SOURCE } },
    ],
  ])("%s is right", (_, route, policy = {}) => {
    expect(withRoute(route, policy)).toEqual([]);
  });

  const SHADOW = { rules: RULES.map((rule) => ({ ...rule, mode: "shadow" })) };
  const NOT_LIVE = "action: nothing decides on `document:read`: it has neither permissions nor rules that are live";
  const withExternal = {
    ...SHADOW,
    resources: {
      ...POLICY.resources,
      document: { ...POLICY.resources.document, actions: { ...ACTIONS, read: { external: "pdp" } } },
    },
    external: { pdp: { url: "https://pdp.example.com/access/v1/evaluation" } },
  };

  it.each<[string, Json, Json, readonly string[]]>([
    ["a route that demands nothing else would be open", READ, SHADOW, [NOT_LIVE]],
    ["one that does is as closed as it was before", { ...READ, scopes: ["orders:read"] }, SHADOW, []],
    [
      "whoever has a say beside them would not be asked",
      { ...READ, scopes: ["orders:read"] },
      withExternal,
      [NOT_LIVE],
    ],
  ])("rules in shadow alone: %s", (_, route, policy, faults) => {
    expect(withRoute(route, policy)).toEqual(faults.map((fault) => expect.stringContaining(fault)));
  });

  it.each<[Json, string]>([
    [{ action: "documnt:read" }, "action: `documnt` is not among policy.resources; did you mean `document`?"],
    [{ action: "document:raed" }, "action: `raed` is no action of `document`; did you mean `read`?"],
    [{ action: "document:destroy" }, "action: `destroy` is no action of `document`"],
    [{ ...READ, public: true }, "action: a public route proves nobody, so nobody can be decided on"],
    [
      { action: "document:read" },
      "action: `owner` is about a resource, and the route has no `resource`: every call would be denied",
    ],
    [{ resource: { id: { path: "id" } } }, "resource: means nothing without `action`"],
    [{ jsonBody: {} }, "jsonBody: means nothing without `action`"],
    [{ ...READ, resource: { id: { path: "no" } } }, "resource.id.path: the path has no parameter `:no`"],
    [{ ...READ, resource: {} }, "resource: names nothing: neither an id nor an attribute"],
    [
      { ...READ, resource: { id: { path: "id" }, attributes: { colour: { query: "c" } } } },
      "resource.attributes.colour: `colour` is no attribute of `document`",
    ],
    [
      { ...READ, resource: { id: { path: "id" }, attributes: { owner: { query: "c", several: "commas" } } } },
      "resource.attributes.owner.several: an attribute has one value here",
    ],
    [
      { ...READ, ...POST, resource: { id: { path: "id" }, attributes: { owner: { body: "/*/owner" } } } },
      "resource.attributes.owner.body: goes through lists (`*`) that the id does not go through: nobody could tell whose it is",
    ],
    [
      { ...READ, ...POST, resource: { id: { body: "/a/*/id" }, attributes: { owner: { body: "/b/*/owner" } } } },
      "resource.attributes.owner.body: goes through lists (`*`) that the id does not go through: nobody could tell whose it is",
    ],
    [
      { ...READ, ...POST, resource: { id: { body: "/1/2/3/4/5/6/7/8/9" } } },
      "resource.id.body: is no JSON pointer (RFC 6901) of at most eight steps",
    ],
    [
      { ...READ, ...POST, methods: ["GET"], resource: { id: { body: "/id" } } },
      "methods: the decision waits for a body, and GET has none: a route of its own for it",
    ],
    [
      { ...READ, methods: ["POST"], resource: { id: { body: "/id" } } },
      "action: is decided on by the body, which has to be held to `openapi`, or declared as JSON by `jsonBody`",
    ],
    [
      { action: "document:create", methods: ["POST"] },
      "action: is decided on by the body, which has to be held to `openapi`, or declared as JSON by `jsonBody`",
    ],
    [{ ...READ, jsonBody: {} }, "jsonBody: is looked at by nothing: neither a resource nor a rule names the body"],
    [
      { action: "document:create", ...POST, maxBodyBytes: 5 * 1024 * 1024 },
      "maxBodyBytes: bodies that are decided on are held in memory: at most 4194304",
    ],
    [
      {
        ...READ,
        path: "/added/items",
        methods: ["POST"],
        openapi: { document: "items", path: "/items" },
        resource: { id: { body: "/name" } },
      },
      "openapi: takes bodies for POST that are no JSON, or that nobody looks into: no decision can be made on them",
    ],
    [
      { ...READ, resource: { id: { path: "id" }, metadata: "docs" } },
      "resource.metadata: `docs` is not among policy.metadata",
    ],
  ])("%j: %s", (route, fault) => {
    expect(withRoute(route)).toEqual([`${ADDED}.${fault}`]);
  });

  it("something of ours has to decide on it: whoever else has a say has it beside that", () => {
    const undecided = (action: Json) => ({
      resources: { document: { ...POLICY.resources.document, actions: { ...ACTIONS, undecided: action } } },
      external: "external" in action ? { pdp: { url: "https://pdp.example.com/access/v1/evaluation" } } : {},
    });
    const reason = "nothing decides on `document:undecided`: it has neither permissions nor rules";
    const faults = (action: Json) => withRoute({ action: "document:undecided" }, undecided(action));
    expect(faults({})).toEqual([`${ADDED}.action: ${reason}`]);
    expect(faults({ external: "pdp" })).toEqual([
      `${ADDED}.action: ${reason}; \`external\` has a say beside them, never in their place`,
    ]);
    expect(faults({ external: "pdp", permissions: ["a:b"] })).toEqual([]);
  });

  it("what the origin says is not the caller's to say", () => {
    const resource = { id: { path: "id" }, metadata: "docs", attributes: { owner: { query: "owner" } } };
    expect(withRoute({ ...READ, resource }, { metadata: { docs: SOURCE } })).toEqual([
      `${ADDED}.resource.attributes.owner: is the origin's to say (\`metadata\`), so the caller's word never counts`,
    ]);
  });
});

describe("origins that are asked about their resources", () => {
  const asked = (source: Json) =>
    withRoute(
      { ...READ, resource: { id: { path: "id" }, metadata: "docs" } },
      { metadata: { docs: { ...SOURCE, ...source } } },
    );

  it.each([
    "https://d.example.com/documents/{id}",
    "https://d.example.com/{id}/meta?x=1",
    "https://d.example.com/?id={id}",
    "https://d.example.com/find?kind=a&id={id}&x=1",
  ])("%s is right", (url) => {
    expect(asked({ url })).toEqual([]);
  });

  const PLACE = "must have `{id}` once, as a segment of the path or a value of the query";
  it.each([
    ["https://{id}/documents", PLACE],
    ["https://{id}.example.com/", PLACE],
    ["https://d.example.com:{id}/", PLACE],
    ["{id}", PLACE],
    ["https://d.example.com/documents", PLACE],
    ["https://d.example.com/doc-{id}", PLACE],
    ["https://d.example.com/{id}.json", PLACE],
    ["https://d.example.com/{id}/{id}", PLACE],
    ["https://d.example.com/?{id}=1", PLACE],
    ["https://d.example.com/#{id}", PLACE],
    ["http://d.example.com/{id}", "is not called: url_scheme_not_allowed"],
    ["https://169.254.169.254/{id}", "is not called: url_host_not_public"],
    ["https://origin.internal/{id}", "is not called: url_host_not_public"],
    ["https://u:p@d.example.com/{id}", "is not called: url_with_credentials"],
  ])("%s: %s", (url, reason) => {
    expect(asked({ url })).toEqual([`policy.metadata.docs.url: ${reason}`]);
  });

  it("names have to resolve, and something has to use them", () => {
    expect(asked({ type: "nothing" })).toContain("policy.metadata.docs.type: `nothing` is not among policy.resources");
    expect(asked({ type: "other" })).toEqual([
      "policy.metadata.docs.type: `other` has no attributes that could be told",
      `${ADDED}.resource.metadata: knows of \`other\`, and the action is on \`document\``,
    ]);
    expect(asked({ attributes: ["owner", "colour"] })).toEqual([
      "policy.metadata.docs.attributes[1]: `colour` is no attribute of `document`",
    ]);
    expect(withRoute(READ, { metadata: { docs: SOURCE } })).toEqual(["policy.metadata.docs: is used by no route"]);
  });

  it("whether calls go on without it is for the operator to say", () => {
    expect(asked({ onUnavailable: undefined })).toHaveLength(1);
  });
});

describe("sign-ins that rules ask for", () => {
  const strong = { ...RULES[0], stepUp: { acrValues: ["urn:test:strong"] } };
  const alone = (rule: Json) =>
    faultsOf(
      changed((config) => {
        const [own] = config.gateway.trustedIssuers;
        config.gateway = { ...config.gateway, outboundOrigins: [], trustedIssuers: own === undefined ? [] : [own] };
        const document = { ...POLICY.resources.document, actions: { read: {} } };
        config.policy = { ...POLICY, resources: { document }, rules: [rule] };
      }),
    );

  it("a class that nobody gives is a rule that nobody meets", () => {
    expect(alone(strong)).toEqual([
      "policy.rules[0].stepUp.acrValues: is given by no issuer that is trusted here, so nobody ever meets it: ask for `maxAgeSeconds`",
    ]);
    expect(withRoute(READ, { rules: [strong, ...RULES.slice(1)] }), "another issuer may").toEqual([]);
    expect(alone({ ...RULES[0], stepUp: { maxAgeSeconds: 60 } })).toEqual([]);
  });
});
