import { type AdminAct, adminChange } from "../../protocol/audit_event.ts";
import { type AuditedFields, differences } from "../audited_fields.ts";
import { auditInsert } from "./audit.ts";

/** What an act does to one object of the store; null for an object that was not, or is no more. */
export interface ObjectChange {
  readonly target: string;
  readonly before: AuditedFields | null;
  readonly after: AuditedFields | null;
}

/**
 * The record of `act` as part of the transaction that makes the change: both are there or neither. `onlyIf` has to hold in that transaction (an
 * expression of SQL with its values), where the change itself may find nothing to change. No statement without an act.
 */
export function changeInserts(
  db: D1Database,
  act: AdminAct | null,
  { target, before, after }: ObjectChange,
  onlyIf: Parameters<typeof auditInsert>[2],
): D1PreparedStatement[] {
  if (act === null) return [];
  const event = adminChange(act, { target, outcome: "changed", changes: differences(before, after) });
  return [auditInsert(db, [{ ...event, id: `${event.id}/${target}` }], onlyIf)];
}
