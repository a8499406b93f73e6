import { err, ok, type Result } from "../kernel/result.ts";
import type { Attempt } from "../ports/guesses.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { SessionId, UserId } from "../protocol/ids.ts";
import { preparePassword } from "../protocol/password_policy.ts";
import { attemptOf, deciding, loginName, type Throttled, welcome } from "./guess_budgets.ts";
import { type OpenedSession, openSession, type SessionRefusal } from "./open_session.ts";
import type { People, Visitor } from "./people.ts";

/** Why nobody was signed in, for the log alone: the person hears one answer for all. */
export type WrongReason = "wrong_password" | "unknown_user" | "email_unconfirmed" | "access_withdrawn" | SessionRefusal;

/** The credentials do not open an account. */
export interface WrongCredentials {
  readonly kind: "wrong";
  readonly loggedReason: WrongReason;
  readonly loggedUser: UserId | null;
}

export type SignInFault = WrongCredentials | Throttled;

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** A person who proved who they are. */
export interface SignedIn {
  readonly user: UserRecord;
  readonly session: OpenedSession;
  /** What this browser is known by from now on: the value of its long-lived cookie. */
  readonly browser: string;
}

/**
 * Signs a person in and opens a session. Counted before anything is looked at, and each attempt that is let through computes one
 * hash, so that neither answer nor time tells whether an account exists, is disabled or has no password. Throws `Busy` and `Outage`.
 */
export async function signIn(
  credentials: Credentials,
  visitor: Visitor,
  replaces: SessionId | null,
  people: People,
  nowMs: number,
): Promise<Result<SignedIn, SignInFault>> {
  const proven = await proveCredentials(credentials, visitor, people, nowMs);
  if (!proven.ok) return proven;
  const { user, attempt, outdated, provenAtEpoch } = proven.value;
  return deciding(attempt, people, nowMs, async () => {
    const session = await openSession(user.id, visitor, replaces, provenAtEpoch, people, nowMs);
    if (!session.ok) return wrong(session.error, user.id);
    const browser = await welcome(attempt, people, nowMs);
    if (outdated) await hashAnew(credentials.password, user, people, nowMs);
    return ok({ user, session: session.value, browser });
  });
}

/** A password that was right, and how long that is worth anything. */
export interface ProvenPassword {
  readonly user: UserRecord;
  /** The hash has weaker parameters than today's. */
  readonly outdated: boolean;
  /** For whatever is opened or begun on this proof: it must not be once everything has ended since. */
  readonly provenAtEpoch: number;
}

/** Somebody who proved who they are, and to whom nothing was given yet. */
export interface ProvenPerson extends ProvenPassword {
  /** As it was counted: it stays a failure until `guesses.succeeded` is told otherwise. */
  readonly attempt: Attempt;
}

/**
 * Whose credentials these are: what every way to sign in by password begins with, so that none can forget to count. Throws `Busy` and
 * `Outage`.
 */
export async function proveCredentials(
  { email, password }: Credentials,
  visitor: Visitor,
  people: Pick<People, "guesses" | "users" | "accounts" | "passwords" | "secrets">,
  nowMs: number,
): Promise<Result<ProvenPerson, SignInFault>> {
  const name = loginName(email);
  const attempt = await attemptOf(name, visitor, people);
  const wait = await people.guesses.begin(attempt, nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  return deciding(attempt, people, nowMs, async () => {
    const user = await people.users.findByEmail(name);
    const proof = await provePassword(password, user, people, nowMs);
    return proof.ok ? ok({ ...proof.value, attempt }) : proof;
  });
}

/**
 * Whether `password` is that of `user`, who may not exist. Always one hash, and for whoever is refused nothing else: no answer's time
 * tells of an account. An address that nobody confirmed does not sign in, and is told nothing else: else whoever registers an address
 * would learn from a sign-in whether it had an account before. `of` is for whoever has proven the mailbox.
 *
 * A hash takes long enough for the password to be replaced meanwhile. So once it was right, the epoch is read, and the user
 * again after it: if the password still is what was proven, whatever replaces it later moves the epoch on, and ends what
 * had opened or keeps it from opening. In the other order a change could end in between and be seen by neither look.
 */
export async function provePassword(
  password: string,
  user: UserRecord | null,
  { passwords, accounts, users }: Pick<People, "passwords" | "accounts" | "users">,
  nowMs: number,
  of: "confirmed" | "unconfirmed_too" = "confirmed",
): Promise<Result<ProvenPassword, WrongCredentials>> {
  const prepared = preparePassword(password);
  const stored = prepared === null ? null : (user?.passwordHash ?? null);
  const { matches, outdated } = await passwords.verify(prepared ?? "", stored);
  if (user === null) return wrong("unknown_user", null);
  if (!matches) return wrong("wrong_password", user.id);
  if (user.disabled) return wrong("user_disabled", user.id);
  if (!user.emailVerified && of === "confirmed") return wrong("email_unconfirmed", user.id);
  const provenAtEpoch = await accounts.epochOf(user.id, nowMs);
  const now = await users.find(user.id);
  if (now === null) return wrong("unknown_user", user.id);
  if (now.passwordHash !== stored) return wrong("proof_superseded", user.id);
  return now.disabled ? wrong("user_disabled", user.id) : ok({ user: now, outdated, provenAtEpoch });
}

/** Keeps the password under today's parameters. It can wait for another day: no trouble with it keeps anyone from signing in. */
export async function hashAnew(password: string, user: UserRecord, people: People, nowMs: number): Promise<void> {
  const prepared = preparePassword(password);
  const name = normaliseEmail(user.email);
  if (prepared === null || name === null) return;
  try {
    const passwordHash = await people.passwords.hash(prepared);
    const after = { ...user, passwordHash, version: user.version + 1, updatedAtMs: nowMs };
    await people.users.update(user, after, name, []);
  } catch {
    // Busy, an outage, or a password from before today's bounds: the old hash goes on being right.
  }
}

function wrong(loggedReason: WrongReason, loggedUser: UserId | null): Result<never, WrongCredentials> {
  return err({ kind: "wrong", loggedReason, loggedUser });
}
