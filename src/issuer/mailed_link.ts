import type { ScopedContext } from "../http/request_scope.ts";
import { hashLinkToken } from "../issuing/mail_person.ts";
import type { LinkPurpose } from "../ports/action_links.ts";
import type { PageDesk } from "./page_desk.ts";

/** A link's token is 256 bits as base64url; anything else is asked of nobody. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The address that a link was mailed to, if it would work now; null for all else. Changes nothing. Throws `Outage`. */
export async function mailedTo(
  token: string,
  purpose: LinkPurpose,
  c: ScopedContext,
  { people }: PageDesk,
): Promise<string | null> {
  if (!TOKEN.test(token)) return null;
  return (await people.links.peek(await hashLinkToken(token), purpose, c.var.scope.nowMs))?.email ?? null;
}
