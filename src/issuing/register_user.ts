import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { parseEmail } from "../protocol/email_address.ts";
import { newUserId } from "../protocol/ids.ts";
import { addressInUseText, verifyEmailText } from "../protocol/mail_texts.ts";
import { addressKey, recipientKey, type Throttled } from "./guess_budgets.ts";
import { mailLink } from "./mail_person.ts";
import { judgePassword, type PasswordRefused } from "./new_password.ts";
import type { People, Visitor } from "./people.ts";

export interface Registration {
  readonly email: string;
  readonly password: string;
  /** How the person wants to be called; absent when they did not say. */
  readonly name?: string;
}

export type RegistrationFault = { readonly kind: "email_invalid" } | PasswordRefused | Throttled;

/** What the person is told: look into your mail. `loggedOutcome` is for the log alone. */
export interface Registered {
  readonly email: string;
  readonly loggedOutcome: "user_registered" | "address_in_use";
}

/**
 * Makes an account, or, where the address has one, tells its owner by mail. The answer is the same, and so is the work: one hash,
 * one insertion (which may find the name taken), one link, one mail. Only who reads the mail learns which it was.
 * The caller's budget comes first: to weigh a password takes time too, and neither that nor hashes nor mails are to be had for
 * nothing. The recipient's is taken where a mail may be sent. Throws `Busy` and `Outage`.
 */
export async function registerUser(
  registration: Registration,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<Registered, RegistrationFault>> {
  const email = parseEmail(registration.email);
  if (email === null) return err({ kind: "email_invalid" });
  const { guesses } = people;
  const wait = await guesses.take("registrations_by_address", await addressKey(visitor, people), nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  const password = judgePassword(registration.password, [email.written, registration.name], people);
  if (!password.ok) return err({ kind: "password_refused", fault: password.error });
  const mailWait = await guesses.take("mails_to_recipient", await recipientKey(email.normalised, people), nowMs);
  if (mailWait !== null) return err({ kind: "throttled", ...mailWait });
  const passwordHash = await people.passwords.hash(password.value);
  const user: UserRecord = {
    id: newUserId(people.random),
    email: email.written,
    emailVerified: false,
    passwordHash,
    profile: registration.name === undefined ? {} : { name: registration.name },
    roles: [],
    disabled: false,
    version: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const inserted = (await people.users.insert(user, email.normalised)) === "inserted";
  // Read in both cases; the owner's mail goes to the address as the owner wrote it.
  const owner = (await people.users.findByEmail(email.normalised)) ?? user;
  const to = { user: owner.id, email: owner.email };
  if (inserted) await mailLink(to, "verify_email", verifyEmailText, people, nowMs);
  else await mailLink(to, "reset_password", addressInUseText, people, nowMs);
  return ok({ email: email.written, loggedOutcome: inserted ? "user_registered" : "address_in_use" });
}
