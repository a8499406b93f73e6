import { err, ok, type Result } from "../kernel/result.ts";
import { isTenant } from "../policy/tenant.ts";
import type { RoleHolder, RoleRegistry } from "../ports/roles.ts";
import type { Holdings } from "../protocol/holdings.ts";
import { parseApiKeyId, parseClientId, parseUserId } from "../protocol/ids.ts";
import type { KeyManagement } from "./api_key_terms.ts";
import { changeApiKey } from "./change_api_key.ts";
import { changeClient } from "./change_client.ts";
import { changeUser } from "./change_user.ts";
import { assignmentFaults, withAssignment, withoutAssignment } from "./holding_rules.ts";
import { type Changed, type FieldFault, invalidFields, type ManagingFault, NOT_FOUND } from "./management.ts";
import type { UserManagement } from "./user_management.ts";

/** What assigning rests on: the records of users, clients and keys hold what is assigned. */
export interface AssignmentManagement extends Omit<KeyManagement, "people"> {
  readonly people: KeyManagement["people"] & Pick<UserManagement, "users" | "accounts">;
  readonly roles: Pick<RoleRegistry, "find">;
}

/** Somebody else's change of the same subject is no reason to refuse this one: so often it is made anew on what there is then. */
const TRIES = 4;

type Edit = (held: Holdings) => Result<Pick<Holdings, "roles" | "assignments">, ManagingFault>;

/**
 * Assigns a role that is defined; where the subject has it for that tenant already, until the new end. Giving more is heard of by the next token,
 * giving less ends what carries more. Throws `Outage`.
 */
export async function assignRole(
  holder: RoleHolder,
  management: AssignmentManagement,
  nowMs: number,
): Promise<Result<Changed<RoleHolder>, ManagingFault>> {
  const faults = await holderFaults(holder, management, nowMs);
  if (faults.length > 0) return err(invalidFields(faults));
  const result = await edit(holder.subject, management, nowMs, (held) => {
    const after = withAssignment(held, holder, nowMs);
    const tooMuch = assignmentFaults(after);
    return tooMuch.length > 0 ? err(invalidFields(tooMuch)) : ok(after);
  });
  if (!result.ok) {
    // It is a field of the body that names nobody, and no path.
    const isUnknown = result.error.code === "not_found";
    return isUnknown ? err(invalidFields([{ field: "subject", reason: "names no user, client or API key" }])) : result;
  }
  return ok({ value: holder, progress: result.value.progress });
}

/** Takes an assignment away, and ends what carries it. Throws `Outage`. */
export async function unassignRole(
  { subject, role, tenant }: RoleHolder,
  management: AssignmentManagement,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  const result = await edit(subject, management, nowMs, (held) => {
    const after = withoutAssignment(held, role, tenant, nowMs);
    return after === null ? err(NOT_FOUND) : ok(after);
  });
  return result.ok ? ok({ value: null, progress: result.value.progress }) : result;
}

async function holderFaults(
  { role, tenant, untilMs }: RoleHolder,
  { roles }: Pick<AssignmentManagement, "roles">,
  nowMs: number,
): Promise<readonly FieldFault[]> {
  const faults: FieldFault[] = [];
  if ((await roles.find(role)) === null) faults.push({ field: "role", reason: "names no role" });
  if (tenant !== null && !isTenant(tenant)) faults.push({ field: "tenant", reason: "cannot name a tenant" });
  if (untilMs !== null && untilMs <= nowMs) faults.push({ field: "until", reason: "is not in the future" });
  return faults;
}

async function edit(
  subject: string,
  management: AssignmentManagement,
  nowMs: number,
  change: Edit,
): Promise<Result<Changed<unknown>, ManagingFault>> {
  for (let tries = 1; ; tries++) {
    const result = await editOnce(subject, management, nowMs, change);
    if (result.ok || result.error.code !== "conflict" || tries === TRIES) return result;
  }
}

async function editOnce(
  subject: string,
  management: AssignmentManagement,
  nowMs: number,
  change: Edit,
): Promise<Result<Changed<unknown>, ManagingFault>> {
  const [user, client, key] = [parseUserId(subject), parseClientId(subject), parseApiKeyId(subject)];
  if (user !== null) return changeUser(user, change, management.people, nowMs);
  if (client !== null) return changeClient(client, change, management, nowMs);
  return key === null ? err(NOT_FOUND) : changeApiKey(key, change, management, nowMs);
}
