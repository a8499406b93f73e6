import type { Result } from "../kernel/result.ts";
import type { ConfigManagement } from "../managing/config_management.ts";
import type { Management, ManagingFault } from "../managing/management.ts";
import type { RelationManagement } from "../managing/relations.ts";
import type { RoleManagement } from "../managing/roles.ts";
import type { ListedRoute } from "../managing/route_inventory.ts";
import type { ShadowManagement } from "../managing/shadow_config.ts";
import type { UserManagement } from "../managing/user_management.ts";
import type { ActTrail, AuditRecords } from "../ports/audit.ts";
import type { Explainer } from "../ports/explaining.ts";
import type { CreditRecords } from "../ports/key_credits.ts";
import type { MailRecords, SecurityEventRecords } from "../ports/operator_records.ts";
import type { ShadowList } from "../ports/shadow.ts";
import type { UnlistedCallList } from "../ports/unlisted_calls.ts";

/** Everything that operations work on. */
export interface Managed extends Management, RoleManagement, RelationManagement {
  readonly people: UserManagement;
  readonly configs: ConfigManagement;
  /** What is tried beside what runs, and where it differs. */
  readonly shadow: ShadowManagement["shadow"] & { readonly records: ShadowList };
  /** Who explains by the configuration called by that hash, or by the one that runs for null. */
  readonly explainers: (hash: string | null, nowMs: number) => Promise<Result<Explainer, ManagingFault>>;
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
