import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
import type { LinkPurpose } from "../ports/action_links.ts";
import type { MailMessage } from "../ports/mail.ts";
import type { UserId } from "../protocol/ids.ts";
import type { MailSender, MailText } from "../protocol/mail_texts.ts";
import type { People } from "./people.ts";

type Mailing = Pick<People, "issuerUrl" | "brandName" | "mail" | "random" | "settings">;

/** Whose link it is, and where it goes. */
export interface Addressee {
  readonly user: UserId;
  readonly email: string;
}

/**
 * Mails a link that does `purpose` once. Only its hash is kept. For a user that does not exist the same work is done and the link
 * opens nothing.
 */
export async function mailLink(
  to: Addressee,
  purpose: LinkPurpose,
  write: (sender: MailSender, token: string) => MailText<MailMessage["kind"]>,
  people: Mailing,
  nowMs: number,
): Promise<void> {
  const token = toBase64url(people.random(32));
  const hash = await hashLinkToken(token);
  const expiresAtMs = nowMs + people.settings.passwords.linkSeconds * 1_000;
  const link = { hash, purpose, ...to, createdAtMs: nowMs, expiresAtMs };
  await people.mail.sendLink(link, { to: to.email, ...write(mailSender(people), token) }, nowMs);
}

/** Whose link it is, where it would work now, for the page that it opens. Changes nothing: what scans mails opens links. */
export async function readLink(
  token: string,
  purpose: LinkPurpose,
  { links }: Pick<People, "links">,
  nowMs: number,
): Promise<Addressee | null> {
  return links.peek(await hashLinkToken(token), purpose, nowMs);
}

/** Who writes mails here. */
export function mailSender({ issuerUrl, brandName, settings }: Omit<Mailing, "mail" | "random">): MailSender {
  return { issuerUrl, brandName, linkSeconds: settings.passwords.linkSeconds };
}

/** The digest under which a mailed link is known. Its token has 256 random bits, which no search finds. */
export function hashLinkToken(token: string): Promise<string> {
  return sha256Base64url(token);
}
