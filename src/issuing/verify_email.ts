import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import type { UserId } from "../protocol/ids.ts";
import { hashLinkToken } from "./mail_person.ts";
import { changeUser } from "./new_password.ts";
import type { People } from "./people.ts";
import { type DeadLink, isSame } from "./reset_password.ts";

/**
 * Confirms the address that `token` was mailed to, where it is still the account's. To be called on POST alone: what scans
 * mails opens links, and would confirm for a stranger. Throws `Outage`.
 */
export async function verifyEmail(
  token: string,
  people: Pick<People, "links" | "users">,
  nowMs: number,
): Promise<Result<{ readonly user: UserId }, DeadLink>> {
  const hash = await hashLinkToken(token);
  const link = await people.links.peek(hash, "verify_email", nowMs);
  if (link === null) return err({ kind: "link_dead" });
  const change = ({ email }: UserRecord) => (isSame(email, link.email) ? { emailVerified: true } : null);
  const changed = await changeUser(link.user, change, people, nowMs, { link: { hash, purpose: "verify_email" } });
  return changed === null ? err({ kind: "link_dead" }) : ok({ user: link.user });
}
