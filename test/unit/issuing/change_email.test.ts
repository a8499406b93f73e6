// Long because a change of address is told from its first form to the link that takes it back.
import { beforeAll, describe, expect, it } from "vitest";
import { askEmailChange, confirmEmailChange } from "../../../src/issuing/change_email.ts";
import { changePassword } from "../../../src/issuing/change_password.ts";
import { type CurrentSession, currentSession } from "../../../src/issuing/current_session.ts";
import { forgotPassword } from "../../../src/issuing/forgot_password.ts";
import { attemptOf, loginName } from "../../../src/issuing/guess_budgets.ts";
import { registerUser } from "../../../src/issuing/register_user.ts";
import { resetPassword } from "../../../src/issuing/reset_password.ts";
import { signIn } from "../../../src/issuing/sign_in.ts";
import { undoEmailChange } from "../../../src/issuing/undo_email_change.ts";
import type { UserRecord } from "../../../src/ports/users.ts";
import { backstage, migrate } from "../../support/issuer_world.ts";
import { openPeople, type PeopleWishes, visitor } from "../../support/people_world.ts";

beforeAll(migrate);

const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const NEW_PASSWORD = "brisk lantern orbit quilt";

function newAddress(): string {
  return `New.${crypto.randomUUID()}@Example.com`;
}

/** Somebody who is signed in and wants another address. */
async function signedIn(wishes: PeopleWishes = {}) {
  const world = openPeople(wishes);
  const { people, password } = world;
  const user = await world.someone();
  const open = async (email: string, secret = password): Promise<CurrentSession> => {
    const signed = await signIn({ email, password: secret }, visitor(), null, people, NOW);
    if (!signed.ok) throw new Error("not signed in");
    const current = await currentSession(signed.value.session.token, people, NOW);
    if (current === null) throw new Error("no session");
    return current;
  };
  const here = await open(user.email);
  const ask = (email: string, person = here) => askEmailChange(person, { email, password }, visitor(), people, NOW);
  const confirm = (token: string, person = here, nowMs = NOW) =>
    confirmEmailChange(token, person, visitor(), people, nowMs);
  /** Moves the account of `person` to `email` in earnest. */
  const move = async (email: string, person = here, nowMs = NOW) => {
    const asked = await askEmailChange(person, { email, password }, visitor(), people, nowMs);
    if (!asked.ok) throw new Error(asked.error.kind);
    const moved = await confirm(await world.linkTo(email), person, nowMs);
    if (!moved.ok) throw new Error(moved.error.kind);
    return moved.value;
  };
  const now = async (): Promise<UserRecord> => {
    const found = await world.users.find(user.id);
    if (found === null) throw new Error("gone");
    return found;
  };
  return { ...world, user, here, open, ask, confirm, move, now };
}

async function eventsOf(user: string) {
  const sql = "SELECT kind, detail FROM security_events WHERE user_id = ? ORDER BY seq";
  return (await backstage.db.prepare(sql).bind(user).all()).results;
}

const DEAD = { ok: false, error: { kind: "link_dead" } };

describe("V6.3.7: a change of address", () => {
  it("takes effect with the link that the new address was mailed, and not before; the old one is told, without the new one", async () => {
    const { people, user, here, ask, confirm, now, mailsTo, linkTo, password, sessions } = await signedIn();
    const email = newAddress();
    expect(await ask(email)).toMatchObject({ ok: true, value: { loggedOutcome: "change_mailed" } });
    expect(await now()).toEqual(user);
    expect(await mailsTo(user.email)).toEqual([]);
    expect((await mailsTo(email)).map(({ kind }) => kind)).toEqual(["change_email"]);

    expect(await confirm(await linkTo(email))).toMatchObject({ ok: true, value: { user: user.id } });
    expect(await now()).toMatchObject({ email, emailVerified: true, passwordHash: user.passwordHash });
    const [notice, ...more] = await mailsTo(user.email);
    expect([notice?.kind, more]).toEqual(["email_changed", []]);
    expect(notice?.text).toContain("72 hours");
    expect(notice?.text).not.toContain(email);
    expect(await eventsOf(user.id)).toEqual([
      { kind: "email_changed", detail: JSON.stringify({ reason: "confirmed", grantId: null, clientId: null }) },
    ]);
    expect([...sessions.keys()], "other sessions go on").toContain(here.session.id);
    expect((await signIn({ email, password }, visitor(), null, people, NOW)).ok).toBe(true);
    expect((await signIn({ email: user.email, password }, visitor(), null, people, NOW)).ok).toBe(false);
  });

  it("the secret of the link is kept as a hash alone", async () => {
    const { ask, linkTo } = await signedIn();
    const email = newAddress();
    await ask(email);
    const token = await linkTo(email);
    const { results } = await backstage.db.prepare("SELECT * FROM action_links WHERE email = ?").bind(email).all();
    expect(results).toHaveLength(1);
    expect(JSON.stringify(results)).not.toContain(token);
  });

  it("asks for the password, and counts it like a sign-in", async () => {
    const { people, here, mailsTo } = await signedIn();
    const email = newAddress();
    const kinds: string[] = [];
    for (let guess = 0; guess < 12; guess++) {
      const entry = { email, password: "some other words entirely" };
      const answer = await askEmailChange(here, entry, visitor(), people, NOW);
      kinds.push(answer.ok ? "ok" : answer.error.kind);
    }
    expect(kinds).toEqual([...Array(10).fill("wrong"), "throttled", "throttled"]);
    expect(await mailsTo(email)).toEqual([]);
  });

  it.each([
    ["no address", () => "not an address", "email_invalid"],
    [
      "the address that it has, in another spelling",
      (user: UserRecord) => ` ${user.email.toUpperCase()} `,
      "email_same",
    ],
  ])("%s is told at once, and counts no guess", async (_, entered, kind) => {
    const { ask, user, hashes } = await signedIn();
    const before = hashes.count;
    expect(await ask(entered(user))).toEqual({ ok: false, error: { kind } });
    expect(hashes.count).toBe(before);
  });

  it("V6.3.8: an address with an account: the same answer, and its owner is told how to get in", async () => {
    const { ask, confirm, someone, mailsTo, linkTo, now, user } = await signedIn();
    const owner = await someone();
    const [taken, free] = [await ask(owner.email), await ask(newAddress())];
    const shape = (answer: typeof taken) => (answer.ok ? Object.keys(answer.value) : answer.error);
    expect(shape(taken)).toEqual(shape(free));
    expect(taken).toMatchObject({ ok: true, value: { loggedOutcome: "address_in_use" } });
    expect((await mailsTo(owner.email)).map(({ kind }) => kind)).toEqual(["address_in_use"]);
    expect(await confirm(await linkTo(owner.email)), "its link moves nobody").toEqual(DEAD);
    expect(await now()).toEqual(user);
  });

  it("API6: one budget of mails for addresses with and without an account", async () => {
    const { ask, someone, mailsTo } = await signedIn({ lockout: { mailBurstPerRecipient: 2 } });
    for (const email of [(await someone()).email, newAddress()]) {
      const answers = [];
      for (let time = 0; time < 3; time++) answers.push(await ask(email));
      expect(answers.map((answer) => (answer.ok ? "ok" : answer.error.kind))).toEqual(["ok", "ok", "throttled"]);
      expect(await mailsTo(email)).toHaveLength(2);
    }
  });

  it("M12: who is told to wait for mails keeps the browser that is known, and a right password is no guess", async () => {
    const { people, user, here, password } = await signedIn({
      lockout: { mailsPerAddressPerHour: 1, steps: [{ failures: 2, lockSeconds: 900 }] },
    });
    const home = visitor();
    const ask = (knownBrowser: string | null) =>
      askEmailChange(here, { email: newAddress(), password }, { ...home, knownBrowser }, people, NOW);
    const first = await ask(null);
    if (!first.ok) throw new Error(first.error.kind);
    const { browser } = first.value;
    for (let time = 0; time < 3; time++) {
      expect(await ask(browser)).toEqual({ ok: false, error: { kind: "throttled", retryAfterSeconds: 3_600 } });
    }
    const attempt = await attemptOf(loginName(user.email), { ...home, knownBrowser: browser }, people);
    expect(await people.guesses.knows(attempt, NOW)).toBe(true);
  });

  it("the link works once, for its time, and only in a session of its own account", async () => {
    const { ask, confirm, linkTo, someone, open, now, user } = await signedIn();
    const email = newAddress();
    await ask(email);
    const token = await linkTo(email);
    const stranger = await open((await someone()).email);
    expect(await confirm(token, stranger)).toEqual({ ok: false, error: { kind: "other_account" } });
    expect(await confirm(token, undefined, NOW + 900_000)).toEqual(DEAD);
    expect(await now()).toEqual(user);
    expect((await confirm(token, undefined, NOW + 899_999)).ok).toBe(true);
    expect(await confirm(token)).toEqual(DEAD);
  });

  it("of two changes at once one holds: the other's link is dead with it", async () => {
    const { ask, confirm, linkTo, now, user } = await signedIn();
    const addresses = [newAddress(), newAddress()];
    for (const email of addresses) await ask(email);
    const tokens = await Promise.all(addresses.map(linkTo));
    const outcomes = await Promise.all(tokens.map((token) => confirm(token)));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    expect(addresses).toContain((await now()).email);
    expect(await eventsOf(user.id)).toHaveLength(1);
  });

  it("somebody else registers the address first: the unique index decides, and nothing changes", async () => {
    const { people, ask, confirm, linkTo, now, user, password, mailsTo } = await signedIn();
    const email = newAddress();
    await ask(email);
    const token = await linkTo(email);
    await registerUser({ email, password }, visitor(), people, NOW);
    expect(await confirm(token)).toEqual({ ok: false, error: { kind: "email_taken" } });
    expect(await now()).toEqual(user);
    expect([await mailsTo(user.email), await eventsOf(user.id)], "nobody is told of a change that was none").toEqual([
      [],
      [],
    ]);
  });

  it("two accounts want one address at once: one gets it", async () => {
    const { ask, confirm, linkTo, users, someone, open } = await signedIn();
    const rival = await open((await someone()).email);
    const email = newAddress();
    await ask(email);
    const mine = await linkTo(email);
    await ask(email, rival);
    const theirs = await linkTo(email);
    const outcomes = await Promise.all([confirm(mine), confirm(theirs, rival)]);
    expect(outcomes.map((one) => (one.ok ? "moved" : one.error.kind)).sort()).toEqual(["email_taken", "moved"]);
    expect((await users.findByEmail(email.toLowerCase()))?.emailVerified).toBe(true);
  });

  it.each(["a reset", "a new password"])("%s ends a change that was begun with the old password", async (way) => {
    const { people, user, here, ask, confirm, linkTo, password, open } = await signedIn();
    const email = newAddress();
    await ask(email);
    const token = await linkTo(email);
    if (way === "a reset") {
      await forgotPassword(user.email, visitor(), people, NOW);
      await resetPassword({ token: await linkTo(user.email), password: NEW_PASSWORD }, visitor(), people, NOW);
    } else await changePassword(here, { current: password, next: NEW_PASSWORD }, visitor(), people, NOW);
    expect(await confirm(token, await open(user.email, NEW_PASSWORD))).toEqual(DEAD);
  });

  it("a link that sets the password, mailed to the old address, is dead after the change", async () => {
    const { people, user, move, linkTo } = await signedIn();
    await forgotPassword(user.email, visitor(), people, NOW);
    const token = await linkTo(user.email);
    await move(newAddress());
    expect(await resetPassword({ token, password: NEW_PASSWORD }, visitor(), people, NOW)).toEqual(DEAD);
  });

  it("M12: guesses count by the new name; a lock of the old one is left behind, and this browser is known", async () => {
    const { people, user, move, password } = await signedIn();
    const email = newAddress();
    const { browser } = await move(email);
    for (const name of [user.email, email]) {
      for (let guess = 0; guess < 11; guess++) {
        await signIn({ email: name, password: "some other words entirely" }, visitor(), null, people, NOW);
      }
    }
    const locked = await signIn({ email, password }, visitor(), null, people, NOW);
    expect(locked).toMatchObject({ ok: false, error: { kind: "throttled" } });
    expect((await signIn({ email, password }, visitor({ knownBrowser: browser }), null, people, NOW)).ok).toBe(true);
  });
});

describe("taking an account back", () => {
  /** A thief who knows the password has moved the account. */
  async function stolen() {
    const world = await signedIn();
    const thief = await world.open(world.user.email);
    const theirs = newAddress();
    await world.move(theirs, thief);
    const undo = (token: string, nowMs = NOW) =>
      undoEmailChange({ token, password: NEW_PASSWORD }, visitor(), world.people, nowMs);
    return { ...world, thief, theirs, undo, token: await world.linkTo(world.user.email) };
  }

  it("the old address gets the account back with a new password, and everything of the thief's has ended", async () => {
    const { people, undo, token, user, theirs, now, ended, sessions, password, mailsTo } = await stolen();
    const undone = await undo(token);
    if (!undone.ok) throw new Error(undone.error.kind);
    expect(await now()).toMatchObject({ email: user.email, emailVerified: true });
    expect(ended.map(({ reason }) => reason)).toEqual(["email_change_undone", "email_change_undone"]);
    expect([...sessions.values()].filter((one) => one.user === user.id)).toEqual([]);
    const credentials = { email: user.email, password };
    expect((await signIn(credentials, visitor(), null, people, NOW)).ok).toBe(false);
    const owner = visitor({ knownBrowser: undone.value.browser });
    const fresh = { email: user.email, password: NEW_PASSWORD };
    expect((await signIn(fresh, owner, null, people, NOW)).ok).toBe(true);
    expect((await mailsTo(theirs)).map(({ kind }) => kind)).toEqual(["change_email", "email_change_undone"]);
    expect((await mailsTo(user.email)).map(({ kind }) => kind)).toEqual(["email_changed", "password_changed"]);
    expect((await eventsOf(user.id)).map(({ detail }) => JSON.parse(String(detail)).reason)).toEqual([
      "confirmed",
      "undone",
    ]);
    expect(await undo(token), "once").toEqual(DEAD);
  });

  it("works for three days", async () => {
    const { undo, token } = await stolen();
    expect(await undo(token, NOW + 3 * DAY_MS)).toEqual(DEAD);
    expect((await undo(token, NOW + 3 * DAY_MS - 1)).ok).toBe(true);
  });

  it("a thief who moves it on, and takes that back himself, does not kill the owner's way back", async () => {
    const { undo, token, move, thief, theirs, user, now, linkTo } = await stolen();
    await move(newAddress(), { ...thief, user: await now() }, NOW + 1_000);
    const own = await linkTo(theirs);
    expect((await undo(own, NOW + 2_000)).ok).toBe(true);
    expect(await now()).toMatchObject({ email: theirs });
    expect((await undo(token, NOW + 3_000)).ok).toBe(true);
    expect(await now()).toMatchObject({ email: user.email });
  });

  it("the owner's undoing kills the later ones: the thief cannot take it back again", async () => {
    const { undo, token, move, thief, theirs, user, now, linkTo } = await stolen();
    await move(newAddress(), { ...thief, user: await now() }, NOW + 1_000);
    const own = await linkTo(theirs);
    expect((await undo(token, NOW + 2_000)).ok).toBe(true);
    expect(await undo(own, NOW + 3_000)).toEqual(DEAD);
    expect(await now()).toMatchObject({ email: user.email });
  });

  it("an account that somebody registered under the old address and never confirmed gives way", async () => {
    const { undo, token, people, user, password, now, users } = await stolen();
    await registerUser({ email: user.email, password }, visitor(), people, NOW);
    expect((await users.findByEmail(user.email))?.id).not.toBe(user.id);
    expect((await undo(token)).ok).toBe(true);
    expect(await now()).toMatchObject({ email: user.email });
  });

  it.each([
    ["was confirmed", { emailVerified: true }],
    ["an operator made", { passwordHash: null, emailVerified: false }],
  ])("an account that %s keeps the address: nothing changes, and nothing ends", async (_, changes) => {
    const { undo, token, user, theirs, someone, now, ended } = await stolen();
    await someone({ email: user.email, ...changes });
    expect(await undo(token)).toEqual({ ok: false, error: { kind: "email_taken" } });
    expect([(await now()).email, ended]).toEqual([theirs, []]);
  });

  it("a password that cannot be set uses nothing up", async () => {
    const { people, token, undo } = await stolen();
    const refused = await undoEmailChange({ token, password: "passwordpassword" }, visitor(), people, NOW);
    expect(refused).toMatchObject({ ok: false, error: { kind: "password_refused" } });
    expect((await undo(token)).ok).toBe(true);
  });

  it("a change that the thief has begun is dead too", async () => {
    const { undo, token, ask, confirm, thief, now, linkTo, open, user } = await stolen();
    const next = newAddress();
    await ask(next, { ...thief, user: await now() });
    const begun = await linkTo(next);
    await undo(token);
    expect(await confirm(begun, await open(user.email, NEW_PASSWORD))).toEqual(DEAD);
  });
});
