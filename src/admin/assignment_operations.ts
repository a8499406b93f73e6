import { assignRole, unassignRole } from "../managing/assignments.ts";
import type { ListPosition } from "../ports/clients.ts";
import { changed, pathId, shownPage } from "./answers.ts";
import {
  assignmentBody,
  assignmentId,
  assignmentListQuery,
  assignmentListShape,
  assignmentShape,
  holderFilter,
  parseAssignmentId,
  showAssignment,
} from "./assignment_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

const list = operation({
  id: "list_assignments",
  method: "GET",
  path: "/assignments",
  summary: "List who has which role, in the order of subjects",
  status: 200,
  answer: assignmentListShape,
  faults: [],
  body: NO_BODY,
  query: assignmentListQuery,
  handle({ query, nowMs }, { roles }) {
    const page = async (limit: number, after: ListPosition | null) => {
      const behind = after === null ? null : parseAssignmentId(after.id);
      const holders = await roles.holders(limit, behind, holderFilter(query), nowMs);
      return holders.map((holder) => ({ ...holder, id: assignmentId(holder), createdAtMs: 0 }));
    };
    return shownPage(query, (id) => (parseAssignmentId(id) === null ? null : id), page, showAssignment);
  },
});

const create = operation({
  id: "create_assignment",
  method: "POST",
  path: "/assignments",
  summary: "Assign a role; to repeat it changes nothing, another end takes the place of the first",
  status: 201,
  answer: assignmentShape,
  faults: ["conflict"],
  isRecordedFirst: true,
  body: { schema: assignmentBody, presence: "required" },
  query: NO_QUERY,
  async handle({ body, nowMs }, managed) {
    const result = await assignRole(body, managed, nowMs);
    managed.revocations.expire();
    return changed(result, () => body.subject, showAssignment);
  },
});

const remove = operation({
  id: "delete_assignment",
  method: "DELETE",
  path: "/assignments/{assignment_id}",
  summary: "Take a role away; every session and token that carries it ends",
  status: 204,
  answer: null,
  faults: ["not_found", "conflict"],
  isRecordedFirst: true,
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, managed) {
    const holder = pathId(params.assignment_id, parseAssignmentId);
    if (!holder.ok) return holder;
    const result = await unassignRole(holder.value, managed, nowMs);
    managed.revocations.expire();
    return changed(
      result,
      () => holder.value.subject,
      () => null,
    );
  },
});

export const assignmentOperations: readonly Operation[] = [list, create, remove];
