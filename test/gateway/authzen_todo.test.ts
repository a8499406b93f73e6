import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { adminCaller, migrate } from "../support/admin_world.ts";
import { authzenConfig } from "../support/authzen_config.ts";
import { type AuthzenCaller, authzenWorld, storedUser } from "../support/authzen_world.ts";
import { captureLogs } from "../support/logs.ts";
import todo from "../vectors/authzen/todo.json" with { type: "json" };

/*
 * The todo application of the AuthZEN working group's interoperability events, by a policy and roles of our own: its decisions are data. Its users go
 * by ids of ours here.
 */

const USERS: Readonly<Record<string, { email: string; roles: string[] }>> = {
  rick: { email: "rick@the-citadel.com", roles: ["admin", "evil_genius"] },
  morty: { email: "morty@the-citadel.com", roles: ["editor"] },
  summer: { email: "summer@the-smiths.com", roles: ["editor"] },
  beth: { email: "beth@the-smiths.com", roles: ["viewer"] },
  jerry: { email: "jerry@the-smiths.com", roles: ["viewer"] },
};
const OWNS = 'permitted(principal, "todo:keep_own") && principal.email == resource.ownerID';

const CONFIG = authzenConfig({
  principal: { email: "string" },
  resources: {
    user: { attributes: {}, actions: { can_read_user: { permissions: ["user:can_read_user"] } } },
    todo: {
      attributes: { ownerID: "string" },
      actions: {
        can_read_todos: { permissions: ["todo:can_read_todos"] },
        can_create_todo: { permissions: ["todo:can_create_todo"] },
        can_update_todo: {},
        can_delete_todo: {},
        keep_own: { permissions: ["todo:keep_own"] },
      },
    },
  },
  rules: [
    { id: "own", effect: "allow", when: OWNS, on: ["todo:can_update_todo", "todo:can_delete_todo"] },
    {
      id: "update_any",
      effect: "allow",
      when: 'permitted(principal, "todo:can_update_todo")',
      on: ["todo:can_update_todo"],
    },
    {
      id: "delete_any",
      effect: "allow",
      when: 'permitted(principal, "todo:can_delete_todo")',
      on: ["todo:can_delete_todo"],
    },
  ],
});

captureLogs();
const ids = new Map<string, string>();
let caller: AuthzenCaller;

beforeAll(async () => {
  await migrate();
  const admin = await adminCaller();
  const role = (id: string, permissions: string[], inherits: string[] = []) =>
    admin.call("POST", "/roles", { id, permissions, inherits });
  await role("viewer", ["user:can_read_user", "todo:can_read_todos"]);
  await role("editor", ["todo:can_create_todo", "todo:keep_own"], ["viewer"]);
  await role("admin", ["todo:can_delete_todo"], ["editor"]);
  await role("evil_genius", ["todo:can_update_todo"], ["editor"]);
  for (const [name, { email, roles }] of Object.entries(USERS)) {
    ids.set(name, await storedUser({ roles, attributes: { email } }));
  }
});

beforeEach(async () => {
  caller = await authzenWorld(CONFIG);
});

const subject = (name: string) => ({ type: "user", id: ids.get(name) ?? "" });
function resource(ref: string, ownerID: string | null) {
  const colon = ref.indexOf(":");
  const named = { type: ref.slice(0, colon), id: ref.slice(colon + 1) };
  return ownerID === null ? named : { ...named, properties: { ownerID } };
}

type Row = [name: string, action: string, ref: string, owner: string | null, expected: boolean];

describe("AuthZEN's todo application", () => {
  it.each(todo.evaluation as Row[])("%s %s %s, which is %s's: %s", async (name, action, ref, owner, expected) => {
    const question = { subject: subject(name), action: { name: action }, resource: resource(ref, owner), context: {} };
    expect(await caller.answer("evaluation", question)).toEqual({ decision: expected });
  });

  it.each(todo.evaluations)("$subject, several at once", async ({ subject: name, action, of, expected }) => {
    const evaluations = (of as [string, string | null][]).map(([ref, owner]) => ({ resource: resource(ref, owner) }));
    const request = { subject: subject(name), action: { name: action }, resource: {}, context: {}, evaluations };
    expect(await caller.answer("evaluations", request)).toEqual({
      evaluations: expected.map((decision) => ({ decision })),
    });
  });
});
