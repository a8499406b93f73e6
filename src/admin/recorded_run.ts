import type { Context } from "hono";
import type { Result } from "../kernel/result.ts";
import { type AdminAct, type AdminChangeEvent, adminChange } from "../protocol/audit_event.ts";
import type { AdminEnv } from "./admission.ts";
import type { AdminFault } from "./fault.ts";
import type { Managed } from "./managed.ts";
import type { Answer, Operation } from "./operation.ts";

type Outcome = Result<Answer, AdminFault>;

/** What ids here look like. */
const ID = /^(?:cli|sec|key|usr|ses|grt)_[0-9A-Za-z]{22}$/;

/**
 * Runs an operation so that what it changes is in the audit trail. The registries that it is given record each change in its own
 * transaction; an act that changed something elsewhere is recorded once it is over, and one that no transaction can tell
 * of is recorded before it begins as well. Reading is not recorded.
 */
export async function recordedRun(
  c: Context<AdminEnv>,
  operation: Operation,
  managed: Managed,
  run: (parts: Managed) => Promise<Outcome>,
): Promise<Outcome> {
  if (operation.method === "GET") return run(managed);
  const { acts } = managed;
  const act = actOf(c, operation, managed);
  const named = namedObject(c.req.param());
  const { users, ...registries } = acts.registries(act);
  const parts = { ...managed, ...registries, people: { ...managed.people, users } };
  const record = (
    outcome: AdminChangeEvent["outcome"],
    about: Partial<Pick<AdminChangeEvent, "target" | "reason">> = {},
  ) => acts.record(adminChange(act, { target: named, outcome, ...about }));
  if (operation.isRecordedFirst !== true) {
    const result = await run(parts);
    if (result.ok && result.value.progress !== "unchanged") await record("changed", { target: result.value.objectId });
    return result;
  }
  await record("attempted");
  try {
    const result = await run(parts);
    if (!result.ok) await record("refused", { reason: result.error.code });
    else {
      const { objectId, progress } = result.value;
      await record(progress === "unchanged" ? "unchanged" : "changed", { target: objectId });
    }
    return result;
  } catch (error) {
    await record("failed");
    throw error;
  }
}

function actOf(c: Context<AdminEnv>, { id: action }: Operation, { acts }: Managed): AdminAct {
  const { requestId, nowMs, address } = c.var.scope;
  const { clientId, tokenId } = c.var.actor;
  const actor = {
    kind: "client",
    id: clientId,
    issuer: acts.issuer,
    clientId,
    credentialId: tokenId,
    address,
  } as const;
  return { id: requestId, requestId, atMs: nowMs, action, actor };
}

/**
 * The object that a path names, where what stands there is an id, and null otherwise: an API key in the place of its id must not get
 * into a log or a record.
 */
export function namedObject(params: Readonly<Record<string, string>>): string | null {
  const named = Object.values(params);
  return named.length > 0 && named.every((text) => ID.test(text)) ? named.join("/") : null;
}
