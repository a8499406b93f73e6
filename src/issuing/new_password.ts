import type { Result } from "../kernel/result.ts";
import type { MailMessage } from "../ports/mail.ts";
import type { AllowingLink, UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import { checkNewPassword, type PasswordFault } from "../protocol/password_policy.ts";
import type { People } from "./people.ts";

/** A password that cannot be set, with the reason. */
export interface PasswordRefused {
  readonly kind: "password_refused";
  readonly fault: PasswordFault;
}

/** How often a change is tried again that somebody else's came between. */
const TRIES = 3;

/** The password as it is hashed, or why this person cannot have it here. */
export function judgePassword(
  password: string,
  about: readonly (string | undefined)[],
  { settings, brandName, issuerUrl }: Pick<People, "settings" | "brandName" | "issuerUrl">,
): Result<string, PasswordFault> {
  const words = [brandName, new URL(issuerUrl).hostname, ...settings.passwords.blockedWords];
  const known = about.filter((text) => text !== undefined);
  return checkNewPassword(password, { minLength: settings.passwords.minLength, words, about: known });
}

/** What is known of a user that their password should not be made of. */
export function knownAbout({ email, profile }: Pick<UserRecord, "email" | "profile">): readonly (string | undefined)[] {
  const { name, givenName, familyName, nickname, phoneNumber } = profile;
  return [email, name, givenName, familyName, nickname, phoneNumber];
}

/** What belongs to a change of a user. */
export interface ChangeCircumstances {
  /** What allows it, where it takes a link. */
  readonly link?: AllowingLink;
  readonly news?: (after: UserRecord) => readonly MailMessage[];
}

/**
 * Changes a user, and again on what somebody else made of it meanwhile; null where the user is gone, where `change` wants none of what
 * it has become, or where `link` does not work any more. The link is spent, and what `news` says of the user as changed is mailed, in
 * the transaction of the change. Throws `Outage`.
 */
export async function changeUser(
  id: UserId,
  change: (user: UserRecord) => Partial<UserRecord> | null,
  { users }: Pick<People, "users">,
  nowMs: number,
  { link, news = () => [] }: ChangeCircumstances = {},
): Promise<UserRecord | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await users.find(id);
    if (before === null) return null;
    const changes = change(before);
    if (changes === null) return null;
    const after = { ...before, ...changes, version: before.version + 1, updatedAtMs: nowMs };
    const name = normaliseEmail(after.email) ?? after.email;
    const outcome =
      link === undefined
        ? await users.update(before, after, name, [], news(after))
        : await users.updateByLink(before, after, name, link, nowMs, news(after));
    if (outcome === "changed") return after;
    if (outcome === "link_dead") return null;
  }
  throw new Error("a user could not be changed: others kept changing it");
}
