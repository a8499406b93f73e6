import { Argon2Passwords } from "../../src/adapters/argon2_passwords.ts";
import { D1ActionLinks } from "../../src/adapters/d1/action_links.ts";
import { D1AddressChanges } from "../../src/adapters/d1/address_changes.ts";
import { D1MailOutbox, type OutboxMail } from "../../src/adapters/d1/mail_outbox.ts";
import { D1PairwiseSubjects } from "../../src/adapters/d1/pairwise_subjects.ts";
import { D1Registrations } from "../../src/adapters/d1/registrations.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { parseGrantSecrets } from "../../src/adapters/grant_secrets.ts";
import { DurableObjectGuesses } from "../../src/adapters/objects/guesses.ts";
import { need } from "../../src/bindings.ts";
import { configSchema, type LockoutConfig, type PasswordConfig } from "../../src/config/schema.ts";
import type { People, Visitor } from "../../src/issuing/people.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { Accounts, EndOutcome, EndReason, OpenChange, SessionOpening } from "../../src/ports/accounts.ts";
import type { GrantSecrets } from "../../src/ports/grant_secrets.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { normaliseEmail } from "../../src/protocol/email_address.ts";
import type { SessionId, UserId } from "../../src/protocol/ids.ts";
import { gatewayConfig } from "./gateway_config.ts";
import { bindings } from "./issuer_world.ts";
import { someUser } from "./users.ts";

/** What was asked of the accounts beside sessions, in order. */
export interface Ended {
  readonly call: "endEverything" | "setBlocked";
  readonly user: UserId;
  readonly reason: EndReason;
  /** The password hash in D1 at that time. */
  readonly passwordHash: string | null | undefined;
}

const NOTHING: EndOutcome = { delivered: "delivered", sessions: 0, grants: 0 };

/** The sessions of accounts in memory, for use cases alone: the real object has tests of its own. */
export function memoryAccounts(users: D1Users) {
  const sessions = new Map<SessionId, SessionOpening & { readonly user: UserId; readonly atMs: number }>();
  const blocked = new Set<UserId>();
  const epochs = new Map<UserId, number>();
  const epochOf = (user: UserId) => epochs.get(user) ?? 1;
  const owed = new Map<string, UserId>();
  const ended: Ended[] = [];
  const note = async (call: Ended["call"], user: UserId, reason: EndReason) => {
    ended.push({ call, user, reason, passwordHash: (await users.find(user))?.passwordHash });
  };
  const drop = (user: UserId, except: SessionId | null) => {
    for (const [id, session] of sessions) if (session.user === user && id !== except) sessions.delete(id);
  };
  const accounts = {
    epochOf: async (user: UserId) => epochOf(user),
    async openSession(user: UserId, opening: SessionOpening, nowMs: number) {
      if (blocked.has(user)) return "blocked" as const;
      if ((opening.provenAtEpoch ?? epochOf(user)) !== epochOf(user)) return "superseded" as const;
      const before = opening.replaces === null ? undefined : sessions.get(opening.replaces);
      if (before !== undefined) sessions.delete(before.id);
      sessions.set(opening.id, { ...opening, root: before?.root ?? opening.root, user, atMs: nowMs });
      return "opened" as const;
    },
    async findSession(user: UserId, secretHash: string, nowMs: number) {
      const found = [...sessions.values()].find((one) => one.user === user && one.secretHash === secretHash);
      if (found === undefined || found.atMs + found.absoluteMs <= nowMs) return null;
      const { id, root, amr, acr, label, atMs, absoluteMs } = found;
      const times = { createdAtMs: atMs, authTimeMs: atMs, lastSeenAtMs: atMs, endsAtMs: atMs + absoluteMs };
      return { id, root, amr, acr, label, ...times, accountEpoch: epochOf(user), withdrawals: 0 };
    },
    async endSession(_: UserId, session: SessionId) {
      sessions.delete(session);
      return { ...NOTHING, sessions: 1 };
    },
    async endEverything(user: UserId, reason: EndReason, except: SessionId | null) {
      await note("endEverything", user, reason);
      epochs.set(user, epochOf(user) + 1);
      drop(user, except);
      return NOTHING;
    },
    async beginChange(user: UserId, reason: EndReason, except: SessionId | null) {
      await accounts.endEverything(user, reason, except);
      owed.set(`${user} ${epochOf(user)}`, user);
      return { reason, except, mark: epochOf(user) };
    },
    async beginProvenChange(user: UserId, provenAtEpoch: number, reason: EndReason, except: SessionId | null) {
      return provenAtEpoch === epochOf(user) ? accounts.beginChange(user, reason, except) : ("superseded" as const);
    },
    async finishChange(user: UserId, { reason, except, mark }: OpenChange) {
      owed.delete(`${user} ${mark}`);
      return accounts.endEverything(user, reason, except);
    },
    async endOwed(user: UserId) {
      return [...owed.values()].includes(user) ? accounts.endEverything(user, "admin", null) : null;
    },
    async setBlocked(user: UserId, block: boolean, reason: EndReason) {
      await note("setBlocked", user, reason);
      if (block) blocked.add(user);
      else blocked.delete(user);
      if (block) drop(user, null);
      return NOTHING;
    },
    async forgetRoles() {},
  };
  return { accounts: accounts as unknown as Accounts, ended, sessions };
}

const PASSWORD = "teal gravel mitten otter";
const hasher = new Argon2Passwords({ memoryKiB: 256, passes: 1, random: platformRandom });

function grantSecrets(): GrantSecrets {
  const secrets = parseGrantSecrets(`test:${"A".repeat(43)}`, platformRandom);
  if (secrets === null) throw new Error("the test's key is none");
  return secrets;
}

export interface PeopleWishes {
  readonly lockout?: Partial<LockoutConfig>;
  readonly passwords?: Partial<PasswordConfig>;
  /** What is changed of the parts. */
  readonly parts?: Partial<People>;
}

/** People on the real D1 and the real guesses, with cheap hashes. */
export function openPeople(wishes: PeopleWishes = {}) {
  const { issuer } = configSchema.parse(gatewayConfig());
  const users = new D1Users(bindings.DB);
  const outbox = new D1MailOutbox(bindings.DB);
  const lockout = { ...issuer.lockout, attemptsPerAddressPerMinute: 1_000, ...wishes.lockout };
  const memory = memoryAccounts(users);
  const hashes = { count: 0 };
  const people: People = {
    issuerUrl: "https://login.example.com",
    brandName: "Harbour",
    users,
    registrations: new D1Registrations(bindings.DB, null),
    accounts: memory.accounts,
    subjects: new D1PairwiseSubjects(bindings.DB, platformRandom),
    passwords: {
      hash(password) {
        hashes.count++;
        return hasher.hash(password);
      },
      verify(password, phc) {
        hashes.count++;
        return hasher.verify(password, phc);
      },
    },
    guesses: new DurableObjectGuesses(need(bindings, "GUESSES"), lockout),
    links: new D1ActionLinks(bindings.DB),
    addresses: new D1AddressChanges(bindings.DB, null),
    mail: outbox,
    secrets: grantSecrets(),
    random: platformRandom,
    human: null,
    settings: { sessions: issuer.sessions, passwords: { ...issuer.passwords, ...wishes.passwords }, lockout },
    ...wishes.parts,
  };
  const mailsTo = async (address: string): Promise<readonly OutboxMail[]> =>
    (await outbox.pending(10_000)).filter(({ to }) => to === address);
  return {
    people,
    users,
    hashes,
    ...memory,
    password: PASSWORD,
    /** Mails that went to `address`, the newest last. */
    mailsTo,
    /** A user with a confirmed address, who can sign in with `password`. */
    async someone(changes: Partial<UserRecord> = {}): Promise<UserRecord> {
      const user = someUser({ emailVerified: true, passwordHash: await hasher.hash(PASSWORD), ...changes });
      await users.insert(user, normaliseEmail(user.email) ?? "");
      return user;
    },
    /** The token of the link in the newest mail to `address`. */
    async linkTo(address: string): Promise<string> {
      const text = (await mailsTo(address)).at(-1)?.text ?? "";
      return /\?token=([\w-]{43})\b/.exec(text)?.[1] ?? "";
    },
  };
}

/** Somebody at an address that nobody used yet. */
export function visitor(wishes: Partial<Visitor> = {}): Visitor {
  return { address: crypto.randomUUID(), knownBrowser: null, label: "Firefox on Linux", ...wishes };
}
