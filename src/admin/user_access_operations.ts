import type { Result } from "../kernel/result.ts";
import { endUserSessions } from "../managing/change_user.ts";
import type { Changed, ManagingFault } from "../managing/management.ts";
import { endUserGrant, endUserSession, listUserGrants, listUserSessions } from "../managing/user_access.ts";
import { parseGrantId, parseSessionId, parseUserId } from "../protocol/ids.ts";
import { changed, pathId, shown } from "./answers.ts";
import type { Managed } from "./managed.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";
import { showUserGrant, showUserSession, userGrantListShape, userSessionListShape } from "./user_shapes.ts";

const listSessions = operation({
  id: "list_user_sessions",
  method: "GET",
  path: "/users/{user_id}/sessions",
  summary: "List the browsers in which a user is signed in",
  status: 200,
  answer: userSessionListShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, { people }) {
    const id = pathId(params.user_id, parseUserId);
    const found = id.ok ? await listUserSessions(id.value, people, nowMs) : id;
    return found.ok ? shown({ data: found.value.map(showUserSession) }) : found;
  },
});

const endSessions = operation({
  id: "end_user_sessions",
  method: "DELETE",
  path: "/users/{user_id}/sessions",
  summary: "End every session and every grant of a user, who may sign in again",
  status: 204,
  answer: null,
  faults: ["not_found"],
  isRecordedFirst: true,
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, managed) {
    const id = pathId(params.user_id, parseUserId);
    return id.ok ? acted(await endUserSessions(id.value, managed.people, nowMs), id.value, managed) : id;
  },
});

const endSession = operation({
  id: "end_user_session",
  method: "DELETE",
  path: "/users/{user_id}/sessions/{session_id}",
  summary: "End one session of a user, and what was granted in it",
  status: 204,
  answer: null,
  faults: ["not_found"],
  isRecordedFirst: true,
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, managed) {
    const id = pathId(params.user_id, parseUserId);
    const session = pathId(params.session_id, parseSessionId);
    if (!id.ok) return id;
    if (!session.ok) return session;
    const result = await endUserSession(id.value, session.value, managed.people, nowMs);
    return acted(result, `${id.value}/${session.value}`, managed);
  },
});

const listGrants = operation({
  id: "list_user_grants",
  method: "GET",
  path: "/users/{user_id}/grants",
  summary: "List what clients hold of a user's",
  status: 200,
  answer: userGrantListShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, { people }) {
    const id = pathId(params.user_id, parseUserId);
    const found = id.ok ? await listUserGrants(id.value, people, nowMs) : id;
    return found.ok ? shown({ data: found.value.map(showUserGrant) }) : found;
  },
});

const endGrant = operation({
  id: "end_user_grant",
  method: "DELETE",
  path: "/users/{user_id}/grants/{grant_id}",
  summary: "End one grant of a user: its refresh token and its access tokens",
  status: 204,
  answer: null,
  faults: ["not_found"],
  isRecordedFirst: true,
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, managed) {
    const id = pathId(params.user_id, parseUserId);
    const grant = pathId(params.grant_id, parseGrantId);
    if (!id.ok) return id;
    if (!grant.ok) return grant;
    const result = await endUserGrant(id.value, grant.value, managed.people, nowMs);
    return acted(result, `${id.value}/${grant.value}`, managed);
  },
});

/** The answer to an act that ended something: this isolate's picture of the feed is old from here on. */
function acted(result: Result<Changed<null>, ManagingFault>, objectId: string, { revocations }: Managed) {
  revocations.expire();
  return changed(
    result,
    () => objectId,
    () => null,
  );
}

export const userAccessOperations: readonly Operation[] = [listSessions, endSessions, endSession, listGrants, endGrant];
