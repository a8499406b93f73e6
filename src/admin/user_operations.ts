import { err, ok } from "../kernel/result.ts";
import { changeUser, deleteUser } from "../managing/change_user.ts";
import { createUser, startPasswordReset } from "../managing/create_user.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { parseUserId } from "../protocol/ids.ts";
import { changed, pathId, shown, shownPage } from "./answers.ts";
import { pageQuery } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";
import { newUserBody, newUserShape, showUser, userListShape, userPatchBody, userShape } from "./user_shapes.ts";

const list = operation({
  id: "list_users",
  method: "GET",
  path: "/users",
  summary: "List users, the oldest first",
  status: 200,
  answer: userListShape,
  faults: [],
  body: NO_BODY,
  query: pageQuery,
  handle: ({ query }, { people: { users } }) =>
    shownPage(query, parseUserId, (limit, after) => users.list(limit, after), showUser),
});

const create = operation({
  id: "create_user",
  method: "POST",
  path: "/users",
  summary: "Make an account; its owner gets a link by mail to choose a password",
  status: 201,
  answer: newUserShape,
  faults: [],
  body: { schema: newUserBody, presence: "required" },
  query: NO_QUERY,
  async handle({ body, nowMs }, { people }) {
    const created = await createUser(body, people, nowMs);
    if (!created.ok) return created;
    const user = created.value;
    return ok({ body: { ...showUser(user), invitation: "mailed" }, objectId: user.id, progress: "announced" });
  },
});

const read = operation({
  id: "read_user",
  method: "GET",
  path: "/users/{user_id}",
  summary: "Read a user",
  status: 200,
  answer: userShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params }, { people: { users } }) {
    const id = pathId(params.user_id, parseUserId);
    const found = id.ok ? await users.find(id.value) : null;
    return found === null ? err(NOT_FOUND) : shown(showUser(found));
  },
});

const change = operation({
  id: "change_user",
  method: "PATCH",
  path: "/users/{user_id}",
  summary: "Change a user; disabling one or taking roles away ends every session and token",
  status: 200,
  answer: userShape,
  faults: ["not_found", "conflict"],
  isRecordedFirst: true,
  body: { schema: userPatchBody, presence: "required" },
  query: NO_QUERY,
  async handle({ params, body, nowMs }, { people, revocations }) {
    const id = pathId(params.user_id, parseUserId);
    if (!id.ok) return id;
    const result = await changeUser(id.value, body, people, nowMs);
    revocations.expire();
    return changed(result, () => id.value, showUser);
  },
});

const remove = operation({
  id: "delete_user",
  method: "DELETE",
  path: "/users/{user_id}",
  summary: "Delete a user, with every session and token",
  status: 204,
  answer: null,
  faults: ["not_found", "conflict"],
  isRecordedFirst: true,
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, { people, revocations }) {
    const id = pathId(params.user_id, parseUserId);
    if (!id.ok) return id;
    const result = await deleteUser(id.value, people, nowMs);
    revocations.expire();
    return changed(
      result,
      () => id.value,
      () => null,
    );
  },
});

const resetPassword = operation({
  id: "start_password_reset",
  method: "POST",
  path: "/users/{user_id}/password-reset",
  summary: "Mail a user a link to set a new password; the old one works until it is used",
  status: 204,
  answer: null,
  faults: ["not_found"],
  isRecordedFirst: true,
  body: { ...NO_BODY, presence: "optional" },
  query: NO_QUERY,
  async handle({ params, nowMs }, { people }) {
    const id = pathId(params.user_id, parseUserId);
    if (!id.ok) return id;
    return changed(
      await startPasswordReset(id.value, people, nowMs),
      () => id.value,
      () => null,
    );
  },
});

export const userOperations: readonly Operation[] = [list, create, read, change, remove, resetPassword];
