import { err } from "../kernel/result.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { parseRoleId } from "../managing/role_rules.ts";
import { changeRole, createRole, deleteRole } from "../managing/roles.ts";
import { changed, pathId, shown, shownPage } from "./answers.ts";
import { pageQuery } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";
import {
  newRoleBody,
  roleBody,
  roleDeletionQuery,
  roleListShape,
  rolePatchBody,
  roleShape,
  showRole,
} from "./role_shapes.ts";

const list = operation({
  id: "list_roles",
  method: "GET",
  path: "/roles",
  summary: "List roles, the oldest first",
  status: 200,
  answer: roleListShape,
  faults: [],
  body: NO_BODY,
  query: pageQuery,
  handle: ({ query }, { roles }) => shownPage(query, parseRoleId, (limit, after) => roles.list(limit, after), showRole),
});

const create = operation({
  id: "create_role",
  method: "POST",
  path: "/roles",
  summary: "Define a role; whoever was assigned its name before has it from now on",
  status: 201,
  answer: roleShape,
  faults: ["conflict"],
  body: { schema: newRoleBody, presence: "required" },
  query: NO_QUERY,
  handle: async ({ body: { id, ...draft }, nowMs }, management) =>
    changed(await createRole(id, draft, management, nowMs), () => id, showRole),
});

const read = operation({
  id: "read_role",
  method: "GET",
  path: "/roles/{role_id}",
  summary: "Read a role",
  status: 200,
  answer: roleShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params }, { roles }) {
    const id = pathId(params.role_id, parseRoleId);
    const found = id.ok ? await roles.find(id.value) : null;
    return found === null ? err(NOT_FOUND) : shown(showRole(found));
  },
});

const replace = operation({
  id: "replace_role",
  method: "PUT",
  path: "/roles/{role_id}",
  summary: "Replace what a role is; every gate goes by it within seconds",
  status: 200,
  answer: roleShape,
  faults: ["not_found", "conflict"],
  body: { schema: roleBody, presence: "required" },
  query: NO_QUERY,
  async handle({ params, body: { draft, version }, nowMs }, management) {
    const id = pathId(params.role_id, parseRoleId);
    if (!id.ok) return id;
    return changed(await changeRole(id.value, draft, version, management, nowMs), () => id.value, showRole);
  },
});

const change = operation({
  id: "change_role",
  method: "PATCH",
  path: "/roles/{role_id}",
  summary: "Change some of what a role is; every gate goes by it within seconds",
  status: 200,
  answer: roleShape,
  faults: ["not_found", "conflict"],
  body: { schema: rolePatchBody, presence: "required" },
  query: NO_QUERY,
  async handle({ params, body: { draft, version }, nowMs }, management) {
    const id = pathId(params.role_id, parseRoleId);
    if (!id.ok) return id;
    return changed(await changeRole(id.value, draft, version, management, nowMs), () => id.value, showRole);
  },
});

const remove = operation({
  id: "delete_role",
  method: "DELETE",
  path: "/roles/{role_id}",
  summary: "Delete a role that nobody has and no other role inherits from",
  status: 204,
  answer: null,
  faults: ["not_found", "conflict", "role_in_use"],
  body: NO_BODY,
  query: roleDeletionQuery,
  async handle({ params, query, nowMs }, management) {
    const id = pathId(params.role_id, parseRoleId);
    if (!id.ok) return id;
    return changed(
      await deleteRole(id.value, query.version ?? null, management, nowMs),
      () => id.value,
      () => null,
    );
  },
});

export const roleOperations: readonly Operation[] = [list, create, read, replace, change, remove];
