import type { ConfigManagement } from "../managing/config_management.ts";
import type { Management } from "../managing/management.ts";
import type { RelationManagement } from "../managing/relations.ts";
import type { RoleManagement } from "../managing/roles.ts";
import type { ListedRoute } from "../managing/route_inventory.ts";
import type { UserManagement } from "../managing/user_management.ts";
import type { ActTrail, AuditRecords } from "../ports/audit.ts";
import type { CreditRecords } from "../ports/key_credits.ts";
import type { MailRecords, SecurityEventRecords } from "../ports/operator_records.ts";
import type { UnlistedCallList } from "../ports/unlisted_calls.ts";

/** Everything that operations work on. */
export interface Managed extends Management, RoleManagement, RelationManagement {
  readonly people: UserManagement;
  readonly configs: ConfigManagement;
  readonly credits: CreditRecords;
  readonly mails: MailRecords;
  readonly events: SecurityEventRecords;
  readonly audit: AuditRecords;
  readonly acts: ActTrail;
  /** What the gateway has of routes, and what is called beside them. */
  readonly inventory: {
    readonly routes: (nowMs: number) => readonly ListedRoute[];
    readonly unlisted: UnlistedCallList;
  };
}
