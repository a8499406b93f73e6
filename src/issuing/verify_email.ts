import { err, ok, type Result } from "../kernel/result.ts";
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
  const spent = await people.links.spend(await hashLinkToken(token), "verify_email", nowMs);
  if (spent === null) return err({ kind: "link_dead" });
  const changed = await changeUser(
    spent.user,
    ({ email, emailVerified }) => ({ emailVerified: emailVerified || isSame(email, spent.email) }),
    people,
    nowMs,
  );
  return changed?.emailVerified === true ? ok({ user: spent.user }) : err({ kind: "link_dead" });
}

/** Whether a link would confirm an address now, for the page that it opens. Changes nothing. */
export async function isVerifyLinkAlive(
  token: string,
  { links }: Pick<People, "links">,
  nowMs: number,
): Promise<boolean> {
  return (await links.peek(await hashLinkToken(token), "verify_email", nowMs)) !== null;
}
