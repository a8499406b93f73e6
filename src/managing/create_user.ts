import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { type HeldAttributes, NO_ATTRIBUTES } from "../protocol/attribute_values.ts";
import { parseEmail } from "../protocol/email_address.ts";
import { newUserId, type UserId } from "../protocol/ids.ts";
import { invitationText, resetPasswordText } from "../protocol/mail_texts.ts";
import { attributeFaults } from "./holding_rules.ts";
import { type Changed, invalidFields, type ManagingFault, NOT_FOUND } from "./management.ts";
import { mailPasswordLink, type UserManagement } from "./user_management.ts";

/** What an operator decides of a new user. */
export type UserDraft = Pick<UserRecord, "email" | "profile" | "roles"> & {
  readonly attributes?: HeldAttributes | undefined;
};

/**
 * Makes an account without a password, and mails its owner a link to choose one. Nothing is announced: no gate can hold anything of an
 * id that was random until now. Throws `Outage`; the account may then exist, uninvited: `startPasswordReset` makes good.
 */
export async function createUser(
  draft: UserDraft,
  management: UserManagement,
  nowMs: number,
): Promise<Result<UserRecord, ManagingFault>> {
  const email = parseEmail(draft.email);
  if (email === null) return err(invalidFields([{ field: "email", reason: "is not an email address" }]));
  const faults = attributeFaults(draft.attributes, management.attributes);
  if (faults.length > 0) return err(invalidFields(faults));
  const user: UserRecord = {
    ...draft,
    assignments: [],
    attributes: draft.attributes ?? NO_ATTRIBUTES,
    id: newUserId(management.random),
    email: email.written,
    emailVerified: false,
    passwordHash: null,
    disabled: false,
    version: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  // Said plainly here: an operator may list all users anyway.
  if ((await management.users.insert(user, email.normalised)) === "email_taken") {
    return err(invalidFields([{ field: "email", reason: "has an account already" }]));
  }
  await mailPasswordLink(user, invitationText, management, nowMs);
  return ok(user);
}

/** Mails the user a link that sets a new password: all that an operator can do about one. The old one works until it is used. */
export async function startPasswordReset(
  id: UserId,
  management: UserManagement,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  const user = await management.users.find(id);
  if (user === null) return err(NOT_FOUND);
  const write = user.passwordHash === null ? invitationText : resetPasswordText;
  await mailPasswordLink(user, write, management, nowMs);
  return ok({ value: null, progress: "announced" });
}
