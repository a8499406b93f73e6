import { toBase64url } from "../kernel/bytes.ts";
import { randomTokenId } from "../kernel/random.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { parseEmail } from "../protocol/email_address.ts";
import { NO_HOLDINGS } from "../protocol/holdings.ts";
import { newUserId } from "../protocol/ids.ts";
import { addressInUseText, verifyEmailText } from "../protocol/mail_texts.ts";
import { type Throttled, takeByAddress } from "./guess_budgets.ts";
import { takeMail } from "./mail_budgets.ts";
import { hashLinkToken, mailSender } from "./mail_person.ts";
import { judgePassword, type PasswordRefused } from "./new_password.ts";
import type { People, Visitor } from "./people.ts";
import { registrationProof } from "./registration_proof.ts";

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
  readonly loggedOutcome: "user_registered" | "address_in_use" | "recipient_throttled";
  /** For the browser to keep: `registrationProof`, or what looks like it. */
  readonly proof: string;
}

/**
 * Makes an account, or, where the address has one, tells its owner by mail. The answer is the same, and so is the work: one hash,
 * and one transaction over the insertion (which may find the name taken), a link and a mail. Only who reads the mail learns which it was.
 * The caller's budget comes first: to weigh a password takes time too, and neither that nor hashes nor mails are to be had for
 * nothing. Throws `Busy` and `Outage`.
 *
 * The recipient's budget is of registrations alone, and spaced as `forgotPassword` says. Over it the answer is the same, hash included,
 * for a refusal would tell that somebody else named the address a moment ago; nothing is made and nothing sent. The owner has the link of a
 * mail that went out less than 12 minutes ago: from the second registration on it sets a password and confirms the address.
 */
export async function registerUser(
  registration: Registration,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<Registered, RegistrationFault>> {
  const email = parseEmail(registration.email);
  if (email === null) return err({ kind: "email_invalid" });
  const wait = await takeByAddress("registrations_by_address", visitor, people, nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  const password = judgePassword(registration.password, [email.written, registration.name], people);
  if (!password.ok) return err({ kind: "password_refused", fault: password.error });
  const holder = await people.users.findByEmail(email.normalised);
  const recipient = { email: email.normalised, confirmed: holder?.emailVerified ?? false };
  const mailWait = await takeMail("registrations", recipient, people, nowMs);
  const passwordHash = await people.passwords.hash(password.value);
  if (mailWait !== null) {
    const proof = await registrationProof(randomTokenId(people.random), people);
    return ok({ email: email.written, loggedOutcome: "recipient_throttled", proof });
  }
  const user: UserRecord = {
    id: newUserId(people.random),
    email: email.written,
    emailVerified: false,
    passwordHash,
    profile: registration.name === undefined ? {} : { name: registration.name },
    ...NO_HOLDINGS,
    disabled: false,
    version: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const token = toBase64url(people.random(32));
  const hash = await hashLinkToken(token);
  const committed = await people.registrations.commit(
    {
      user,
      normalisedEmail: email.normalised,
      link: { hash, expiresAtMs: nowMs + people.settings.passwords.linkSeconds * 1_000 },
      welcome: { purpose: "verify_email", ...verifyEmailText(mailSender(people), token) },
      taken: { purpose: "reset_password", ...addressInUseText(mailSender(people), token) },
    },
    nowMs,
  );
  const proof = await registrationProof(hash, people);
  const loggedOutcome = committed === "registered" ? "user_registered" : committed;
  return ok({ email: email.written, loggedOutcome, proof });
}
