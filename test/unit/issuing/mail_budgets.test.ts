import { beforeAll, describe, expect, it } from "vitest";
import { askEmailChange, confirmEmailChange } from "../../../src/issuing/change_email.ts";
import { currentSession } from "../../../src/issuing/current_session.ts";
import { forgotPassword } from "../../../src/issuing/forgot_password.ts";
import { readLink } from "../../../src/issuing/mail_person.ts";
import { registerUser } from "../../../src/issuing/register_user.ts";
import { resetPassword } from "../../../src/issuing/reset_password.ts";
import { signIn } from "../../../src/issuing/sign_in.ts";
import { verifyEmail } from "../../../src/issuing/verify_email.ts";
import { migrate } from "../../support/issuer_world.ts";
import { openPeople, type PeopleWishes, visitor } from "../../support/people_world.ts";

const NOW = Date.now();
const MINUTE_MS = 60_000;
const OWNERS_PASSWORD = "velvet anchor under river";

beforeAll(migrate);

/** A mailbox without an account, and what strangers and its owner can do. */
function mailbox(wishes: PeopleWishes = {}) {
  const world = openPeople(wishes);
  const { people, password, someone } = world;
  const owner = crypto.randomUUID();
  const address = (tag = "") => `${owner}${tag}@example.com`;
  const forgot = (email = address(), atMs = NOW) => forgotPassword(email, visitor(), people, atMs);
  const register = (email = address(), atMs = NOW, secret = password) =>
    registerUser({ email, password: secret }, visitor(), people, atMs);
  /** An account's own request to be moved to an address. */
  const mover = async () => {
    const user = await someone();
    const signedIn = await signIn({ email: user.email, password }, visitor(), null, people, NOW);
    const session = signedIn.ok ? await currentSession(signedIn.value.session.token, people, NOW) : null;
    if (session === null) throw new Error("not signed in");
    return {
      ask: (email: string) => askEmailChange(session, { email, password }, visitor(), people, NOW),
      confirm: (token: string) => confirmEmailChange(token, session, visitor(), people, NOW),
    };
  };
  const mailsToAll = async (addresses: readonly string[]) =>
    (await Promise.all(addresses.map(world.mailsTo))).flat().length;
  return { ...world, address, forgot, register, mover, mailsToAll };
}

async function times(most: number, call: (at: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < most; at++) await call(at);
}

describe("strangers name an address that has no account", () => {
  it("asking for its reset link keeps nobody from registering it", async () => {
    const { people, address, forgot, register, linkTo, mailsTo, password } = mailbox();
    await times(20, () => forgot());
    expect(await mailsTo(address())).toHaveLength(3);
    expect(await register()).toMatchObject({ ok: true, value: { loggedOutcome: "user_registered" } });
    const entry = { token: await linkTo(address()), proof: null, password };
    expect(await verifyEmail(entry, visitor(), people, NOW)).toMatchObject({ ok: true });
  });

  it("neither that nor another account's wish for it keeps an account from moving there", async () => {
    const { address, forgot, mover, linkTo } = mailbox();
    const [stranger, owner] = [await mover(), await mover()];
    await times(10, () => forgot());
    await times(10, () => stranger.ask(address()));
    expect(await owner.ask(address())).toMatchObject({ ok: true, value: { loggedOutcome: "change_mailed" } });
    expect(await owner.confirm(await linkTo(address()))).toMatchObject({ ok: true });
  });

  it("nor do wishes to move there use up a registration", async () => {
    const { address, register, mover } = mailbox();
    const stranger = await mover();
    await times(10, () => stranger.ask(address()));
    expect(await register()).toMatchObject({ ok: true, value: { loggedOutcome: "user_registered" } });
  });

  it("registering it over and over: for two hours its owner has a link that lets them in, at one mail each 12 minutes", async () => {
    const { people, address, register, linkTo, mailsTo } = mailbox();
    await register();
    for (let minute = 0; minute < 120; minute += 6) {
      const nowMs = NOW + minute * MINUTE_MS;
      expect(await register(address(), nowMs)).toMatchObject({ ok: true });
      expect(
        await readLink(await linkTo(address()), "reset_password", people, nowMs),
        `minute ${minute}`,
      ).not.toBeNull();
    }
    expect(await mailsTo(address())).toHaveLength(3 + 9);
    const late = NOW + 119 * MINUTE_MS;
    const own = await register(address(), late, OWNERS_PASSWORD);
    expect(own).toMatchObject({ ok: true, value: { loggedOutcome: "recipient_throttled" } });
    const reset = { token: await linkTo(address()), password: OWNERS_PASSWORD };
    expect(await resetPassword(reset, visitor(), people, late)).toMatchObject({ ok: true });
    const credentials = { email: address(), password: OWNERS_PASSWORD };
    expect(await signIn(credentials, visitor(), null, people, late)).toMatchObject({ ok: true });
  });

  it("V6.3.8: whether others registered it a moment ago is not told: the same answer after the same hash", async () => {
    const { address, register, hashes } = mailbox();
    const answers: unknown[] = [];
    await times(6, async () => answers.push(await register()));
    expect(hashes.count).toBe(6);
    for (const answer of answers) {
      expect(answer).toMatchObject({ ok: true, value: { email: address(), loggedOutcome: expect.any(String) } });
    }
  });
});

describe("strangers make up tags of one mailbox", () => {
  const tagged = (address: (tag: string) => string, most: number) =>
    Array.from({ length: most }, (_, at) => address(`+${at}`));

  it.each(["forgot", "register"] as const)(
    "%s: all tags together get four times what one address gets",
    async (means) => {
      const { [means]: ask, address, mailsToAll } = mailbox();
      const addresses = tagged(address, 20);
      for (const email of addresses) expect(await ask(email)).toMatchObject({ ok: true });
      expect(await mailsToAll(addresses)).toBe(12);
      for (const email of addresses) await ask(email, NOW + 3 * MINUTE_MS);
      expect(await mailsToAll(addresses)).toBe(13);
    },
  );

  it("nothing is made of a registration that is not mailed: no rows for the asking", async () => {
    const { users, address, register } = mailbox();
    const addresses = tagged(address, 15);
    for (const email of addresses) await register(email);
    const made = await Promise.all(addresses.map((email) => users.findByEmail(email)));
    expect(made.filter((user) => user !== null)).toHaveLength(12);
  });

  it("that keeps neither the plain address nor a tagged one that its owner confirmed waiting", async () => {
    const { address, forgot, register, someone } = mailbox();
    const shop = await someone({ email: address("+shop") });
    for (const email of tagged(address, 15)) {
      await register(email);
      await forgot(email);
    }
    expect(await forgot(shop.email)).toEqual({ ok: true, value: { loggedOutcome: "reset_mailed" } });
    expect(await register(shop.email)).toMatchObject({ ok: true, value: { loggedOutcome: "address_in_use" } });
    expect(await register()).toMatchObject({ ok: true, value: { loggedOutcome: "user_registered" } });
    expect(await forgot()).toEqual({ ok: true, value: { loggedOutcome: "reset_mailed" } });
  });

  it("asking for the plain address, or for one tag, uses nothing of another tag's up", async () => {
    const { address, forgot, mailsTo } = mailbox();
    await times(20, () => forgot());
    await times(20, () => forgot(address("+one")));
    await forgot(address("+two"));
    expect(await mailsTo(address("+one"))).toHaveLength(3);
    expect(await mailsTo(address("+two"))).toHaveLength(1);
  });

  it("accounts that wish for an address, with or without a tag, send twelve mails in all", async () => {
    const { address, mover, mailsToAll } = mailbox();
    const addresses = [address(), address("+one"), address("+two")];
    for (let account = 0; account < 3; account++) {
      const { ask } = await mover();
      for (const email of addresses) await times(3, () => ask(email));
    }
    expect(await mailsToAll(addresses)).toBe(12);
  });
});
