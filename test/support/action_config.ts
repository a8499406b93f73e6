import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig, ORIGIN_URL } from "./gateway_config.ts";

/** Nine to five in Berlin, Monday to Friday. */
const BUSINESS_HOURS = [
  'env.time.getDayOfWeek("Europe/Berlin") >= 1 && env.time.getDayOfWeek("Europe/Berlin") <= 5',
  'env.time.getHours("Europe/Berlin") >= 9 && env.time.getHours("Europe/Berlin") < 17',
].join(" && ");

const POLICY: NonNullable<ConfigInput["policy"]> = {
  principal: { department: "string" },
  resources: {
    order: { attributes: { department: "string", amount: "double" }, actions: { approve: {}, create: {}, list: {} } },
    document: {
      attributes: { owner: "string" },
      actions: { read: {}, update: {}, share: {}, purge: {}, watch: {} },
    },
    group: {},
    folder: {},
  },
  relations: {
    group: { member: "[user, group#member]" },
    folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
    document: {
      parent: "[folder]",
      owner: "[user]",
      editor: "[user, group#member] or owner",
      viewer: "[user, group#member] or editor or viewer of parent",
    },
  },
  rules: [
    {
      id: "manager-approves",
      effect: "allow",
      on: ["order:approve"],
      when: `"manager" in principal.roles && principal.department == resource.department && ${BUSINESS_HOURS}`,
    },
    {
      id: "small-orders",
      effect: "allow",
      on: ["order:create"],
      when: 'resource.amount <= 1000.0 && request.body.items.all(item, item.kind != "weapon")',
    },
    { id: "lists", effect: "allow", on: ["order:list"], when: "true" },
    {
      id: "viewer-reads",
      effect: "allow",
      on: ["document:read", "document:watch"],
      when: 'can(principal, "viewer", resource)',
    },
    { id: "editor-writes", effect: "allow", on: ["document:update"], when: 'can(principal, "editor", resource)' },
    { id: "owner-shares", effect: "allow", on: ["document:share"], when: "resource.owner == principal.id" },
    {
      id: "fresh-owner-purges",
      effect: "allow",
      on: ["document:purge"],
      when: "resource.owner == principal.id",
      stepUp: { maxAgeSeconds: 300 },
    },
    { id: "not-from-tor", effect: "deny", on: ["document:*"], when: 'has(env.country) && env.country == "T1"' },
  ],
  metadata: {
    orders: {
      type: "order",
      attributes: ["department"],
      url: `${ORIGIN_URL}/internal/orders/{id}`,
      onUnavailable: "deny",
      identity: "urn:test:metadata",
    },
    documents: {
      type: "document",
      url: `${ORIGIN_URL}/internal/documents/{id}`,
      timeoutMs: 200,
      ttlSeconds: 30,
      maxBytes: 4_096,
      onUnavailable: "deny",
    },
  },
};

/** An installation whose routes ask for actions: one for each way to name what a call is about. */
export function actionConfig(): ConfigInput {
  const config = gatewayConfig();
  const get = { methods: ["GET" as const], origin: "main" };
  const post = { methods: ["POST" as const], origin: "main", jsonBody: {} };
  const owned = { metadata: "documents" };
  return {
    ...config,
    gateway: { ...config.gateway, outboundOrigins: [...(config.gateway.outboundOrigins ?? []), ORIGIN_URL] },
    policy: POLICY,
    routes: [
      ...config.routes,
      {
        methods: ["POST"],
        origin: "main",
        path: "/orders/:id/approve",
        action: "order:approve",
        resource: { id: { path: "id" }, metadata: "orders" },
      },
      {
        ...post,
        path: "/new-orders",
        action: "order:create",
        resource: { attributes: { amount: { body: "/amount" } } },
      },
      { ...get, path: "/all-orders", action: "order:list" },
      { ...get, path: "/documents/:id", action: "document:read", resource: { id: { path: "id" } } },
      {
        ...get,
        path: "/hidden/:id",
        action: "document:share",
        resource: { id: { path: "id" }, refusedAs: "not_found", ...owned },
      },
      {
        ...post,
        methods: ["PUT"],
        path: "/documents/:id",
        action: "document:update",
        resource: { id: [{ path: "id" }, { body: "/id" }] },
      },
      { ...get, path: "/by-query", action: "document:share", resource: { id: { query: "id" }, ...owned } },
      {
        ...get,
        path: "/by-list",
        action: "document:share",
        resource: { id: { query: "ids", several: "commas" }, ...owned },
      },
      { ...post, path: "/by-body", action: "document:share", resource: { id: { body: "/document/id" }, ...owned } },
      { ...post, path: "/batch", action: "document:share", resource: { id: { body: "/items/*/id" }, ...owned } },
      {
        ...post,
        path: "/numbers",
        action: "document:share",
        resource: { id: { body: "/id" }, idType: "int", ...owned },
      },
      { ...get, path: "/purge/:id", action: "document:purge", resource: { id: { path: "id" }, ...owned } },
      {
        ...get,
        path: "/watch/:id",
        action: "document:watch",
        resource: { id: { path: "id" } },
        webSocket: {},
      },
      {
        ...get,
        path: "/feed/:id",
        action: "document:read",
        resource: { id: { path: "id" } },
        stream: {},
      },
    ],
  };
}
