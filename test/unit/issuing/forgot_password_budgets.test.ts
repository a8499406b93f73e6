import { beforeAll, describe, expect, it } from "vitest";
import { forgotPassword } from "../../../src/issuing/forgot_password.ts";
import { readLink } from "../../../src/issuing/mail_person.ts";
import { registerUser } from "../../../src/issuing/register_user.ts";
import { resetPassword } from "../../../src/issuing/reset_password.ts";
import { signIn } from "../../../src/issuing/sign_in.ts";
import { migrate } from "../../support/issuer_world.ts";
import { openPeople, visitor } from "../../support/people_world.ts";

const NOW = Date.now();
const MINUTE_MS = 60_000;
const NEW_PASSWORD = "velvet anchor under river";

beforeAll(migrate);

/** Somebody whose address is known to a stranger, and what both can do. */
async function attacked() {
  const world = openPeople();
  const user = await world.someone();
  const ask = (atMinute: number, who = visitor()) =>
    forgotPassword(user.email, who, world.people, NOW + atMinute * MINUTE_MS);
  const mailed = async () => (await world.mailsTo(user.email)).filter(({ kind }) => kind === "reset_password").length;
  return { ...world, user, ask, mailed };
}

describe("a stranger asks for an owner's reset link over and over", () => {
  it("at no time of two hours is the owner without a link that works, and the mailbox gets a burst and five an hour", async () => {
    const { people, user, ask, mailed, linkTo } = await attacked();
    for (let minute = 0; minute < 120; minute += 3) {
      expect(await ask(minute)).toMatchObject({ ok: true });
      const newest = await linkTo(user.email);
      expect(
        await readLink(newest, "reset_password", people, NOW + minute * MINUTE_MS),
        `minute ${minute}`,
      ).not.toBeNull();
    }
    expect(await mailed()).toBe(3 + 9);
  });

  it("a hundred requests at once: the owner's own sends nothing more, and the newest mail lets the owner back in", async () => {
    const { people, user, ask, mailed, linkTo } = await attacked();
    await Promise.all(Array.from({ length: 100 }, () => ask(0)));
    expect(await ask(1)).toEqual({ ok: true, value: { loggedOutcome: "recipient_throttled" } });
    expect(await mailed()).toBe(3);
    const reset = { token: await linkTo(user.email), password: NEW_PASSWORD };
    expect(await resetPassword(reset, visitor(), people, NOW + MINUTE_MS)).toMatchObject({ ok: true });
  });

  it("registrations of the owner's address use nothing up: their mails carry a link, and are counted by themselves", async () => {
    const { people, user, ask, mailed, linkTo } = await attacked();
    for (let at = 0; at < 20; at++) {
      await registerUser({ email: user.email, password: NEW_PASSWORD }, visitor(), people, NOW);
    }
    expect(await readLink(await linkTo(user.email), "reset_password", people, NOW + 11 * MINUTE_MS)).not.toBeNull();
    expect(await mailed()).toBe(0);
    expect(await ask(11)).toEqual({ ok: true, value: { loggedOutcome: "reset_mailed" } });
  });

  it("a browser in which the owner signed in is mailed at once, though strangers and neighbours have used up theirs", async () => {
    const { people, user, password, ask, mailed } = await attacked();
    const here = visitor();
    const signedIn = await signIn({ email: user.email, password }, here, null, people, NOW);
    if (!signedIn.ok) throw new Error("not signed in");
    for (let at = 0; at < 40; at++) await ask(0, here);
    expect((await ask(0, here)).ok).toBe(false);
    const before = await mailed();
    const known = { ...here, knownBrowser: signedIn.value.browser };
    expect(await ask(0, known)).toEqual({ ok: true, value: { loggedOutcome: "reset_mailed" } });
    expect(await mailed()).toBe(before + 1);
    // A stolen or shared browser is no way to flood: its own budget ends, and then it is a stranger's.
    for (let at = 0; at < 40; at++) await ask(0, known);
    expect(await mailed()).toBe(before + 3);
  });

  it("a browser that says it is known, or is known to somebody else, gets nothing of its own", async () => {
    const { people, someone, password, ask, mailed } = await attacked();
    const other = await someone();
    const signedIn = await signIn({ email: other.email, password }, visitor(), null, people, NOW);
    if (!signedIn.ok) throw new Error("not signed in");
    for (const knownBrowser of [signedIn.value.browser, "made up"]) {
      for (let at = 0; at < 20; at++) await ask(0, visitor({ knownBrowser }));
    }
    expect(await mailed()).toBe(3);
  });
});
