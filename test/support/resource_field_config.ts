import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig } from "./gateway_config.ts";

export const NOTE_RELATIONS = { note: { owner: "[client]", viewer: "[client] or owner" } };

type Fields = NonNullable<NonNullable<NonNullable<ConfigInput["policy"]>["resources"][string]>["fields"]>;
type RouteInput = ConfigInput["routes"][number];

/** Whom the properties of a note are for. */
export const NOTE_FIELDS: Fields = {
  properties: {
    "/id": { read: "anyone" },
    "/title": { read: "anyone", write: "anyone" },
    "/draft": { read: ["relation:viewer", "role:auditor"], write: ["relation:owner"] },
    "/pay": { read: ["permission:person:read_salary"], write: ["permission:person:set_salary"] },
    "/reviews": { read: "anyone", write: "anyone" },
    "/reviews/*/score": { read: ["role:hr"], write: ["role:hr"] },
    "/meta/tags": { read: "anyone", write: ["orders:write"] },
  },
};

/** The test installation with routes for notes, whose properties are for whom the policy says. */
export function resourceFieldConfig(
  fields: Fields = NOTE_FIELDS,
  routes: readonly RouteInput[] = noteRoutes(),
): ConfigInput {
  const base = gatewayConfig();
  const actions = { read: {}, list: {}, create: {}, update: {}, approve: {} };
  return {
    ...base,
    policy: {
      principal: {},
      resources: { note: { actions, fields } },
      relations: NOTE_RELATIONS,
      rules: [{ id: "anybody", effect: "allow", on: ["note:*"], when: "true" }],
    },
    routes: [...base.routes, ...routes],
  };
}

/** A route for each way to name notes, and to answer them. */
export function noteRoutes(): RouteInput[] {
  const route = { origin: "main", maxBodyBytes: 64 * 1024 } as const;
  const resource = { id: { path: "id" } } as const;
  const batch = { at: "/notes/*", beside: ["/dryRun"] };
  return [
    { ...route, path: "/notes/:id", methods: ["GET"], action: "note:read", resource },
    { ...route, path: "/notes/:id", methods: ["PUT", "PATCH", "DELETE"], action: "note:update", resource },
    { ...route, path: "/notes", methods: ["POST"], action: "note:create" },
    { ...route, path: "/note", methods: ["GET"], action: "note:read", resource: { id: { query: "id" } } },
    { ...route, path: "/notes", methods: ["GET"], action: "note:list", fields: { response: { at: "/*" } } },
    {
      ...route,
      path: "/paged-notes",
      methods: ["GET"],
      action: "note:list",
      fields: { response: { at: "/data/items/*", beside: ["/next", "/data/total"] } },
    },
    { ...route, path: "/note", methods: ["PATCH"], action: "note:update", resource: { id: { body: "/id" } } },
    {
      ...route,
      path: "/agreed/:id",
      methods: ["PATCH"],
      action: "note:update",
      resource: { id: [{ path: "id" }, { body: "/id" }] },
    },
    {
      ...route,
      path: "/batch",
      methods: ["PATCH", "POST", "PUT"],
      action: "note:update",
      resource: { id: { body: "/notes/*/id" } },
      fields: { request: batch, response: { at: "/*" } },
    },
    {
      ...route,
      path: "/notes/:id/approve",
      methods: ["POST"],
      action: "note:approve",
      resource,
      fields: { request: "none", response: "none" },
    },
  ];
}
