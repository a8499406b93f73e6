import { err, ok, type Result } from "../kernel/result.ts";
import type { Attempt } from "../ports/guesses.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { SessionId, UserId } from "../protocol/ids.ts";
import { preparePassword } from "../protocol/password_policy.ts";
import { attemptOf, loginName, type Throttled, welcome } from "./guess_budgets.ts";
import { type OpenedSession, openSession } from "./open_session.ts";
import type { People, Visitor } from "./people.ts";

/** Why nobody was signed in, for the log alone: the person hears one answer for all. */
export type WrongReason = "wrong_password" | "unknown_user" | "user_disabled";

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
 * hash, so that neither answer nor time tells whether an account exists, is disabled or has no password. An address that was
 * not confirmed yet may sign in: what it proves is `email_verified`, which says so. Throws `Busy` and `Outage`.
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
  const { user, attempt, outdated } = proven.value;
  const session = await openSession(user.id, visitor, replaces, people, nowMs);
  if (session === null) return wrong("user_disabled", user.id);
  const browser = await welcome(attempt, people, nowMs);
  if (outdated) await hashAnew(credentials.password, user, people, nowMs);
  return ok({ user, session, browser });
}

/** Somebody who proved who they are, and to whom nothing was given yet. */
export interface ProvenPerson {
  readonly user: UserRecord;
  /** As it was counted: it stays a failure until `guesses.succeeded` is told otherwise. */
  readonly attempt: Attempt;
  /** The hash has weaker parameters than today's. */
  readonly outdated: boolean;
}

/**
 * Whose credentials these are: what every way to sign in by password begins with, so that none can forget to count. Throws `Busy` and
 * `Outage`.
 */
export async function proveCredentials(
  { email, password }: Credentials,
  visitor: Visitor,
  people: Pick<People, "guesses" | "users" | "passwords" | "secrets">,
  nowMs: number,
): Promise<Result<ProvenPerson, SignInFault>> {
  const name = loginName(email);
  const attempt = await attemptOf(name, visitor, people);
  const wait = await people.guesses.begin(attempt, nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  const user = await people.users.findByEmail(name);
  const proof = await provePassword(password, user, people);
  return proof.ok ? ok({ ...proof.value, attempt }) : proof;
}

/** Whether `password` is that of `user`, who may not exist. Always one hash. */
export async function provePassword(
  password: string,
  user: UserRecord | null,
  { passwords }: Pick<People, "passwords">,
): Promise<Result<{ readonly user: UserRecord; readonly outdated: boolean }, WrongCredentials>> {
  const prepared = preparePassword(password);
  const stored = prepared === null ? null : (user?.passwordHash ?? null);
  const { matches, outdated } = await passwords.verify(prepared ?? "", stored);
  if (user === null) return wrong("unknown_user", null);
  if (!matches) return wrong("wrong_password", user.id);
  return user.disabled ? wrong("user_disabled", user.id) : ok({ user, outdated });
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
