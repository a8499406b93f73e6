import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Answer } from "../../scripts/workers/connection.ts";
import { codeIn, type FormCall, type PersonBrowser } from "../../scripts/workers/person_browser.ts";
import { killedDuring, killRounds } from "./kill.ts";
import { clientOf, livesOn, tally } from "./race.ts";
import { type RaceWorld, startRaceWorld } from "./race_world.ts";
import { askForDevice, poll, REFUSED, redeem, refresh } from "./token_calls.ts";

/**
 * The runtime is killed (SIGKILL) while a person registers, confirms an address, sets a password, consents or lets a device in, and
 * starts again on what it left on disk. These are steps over several stores: what must hold is that nobody is locked out, that
 * no old password or spent link is good beside a new one, and that the same step, done again, gets the person on.
 */
const NO_HURRY = fileURLToPath(new URL("./configs/no_hurry.ts", import.meta.url));
const ROUNDS = killRounds(1);
const TIMEOUT = { timeout: 400_000 };
/** How long a sign-in takes here and now, in milliseconds. What is killed takes as long as so many of them: kills hit all of it. */
let signInMs = 0;
const REGISTERING = 1.2;
const CHANGING = 2.5;
const RESETTING = 1.5;
const QUICK = 0.4;
const NEXT = "a walk along the harbour wall";

let world: RaceWorld;
let met = 0;

beforeAll(async () => {
  world = await startRaceWorld(NO_HURRY, 4 * ROUNDS);
  const startMs = performance.now();
  await signedIn(world.people.emails[0] ?? "", world.people.password);
  signInMs = performance.now() - startMs;
});
afterAll(() => world.dispose());

/** Somebody to whom nothing has happened yet, signed in. */
async function somebody(): Promise<{ readonly email: string; readonly browser: PersonBrowser }> {
  const email = world.people.emails[met++] ?? "";
  return { email, browser: await signedIn(email, world.people.password) };
}

async function signedIn(email: string, password: string): Promise<PersonBrowser> {
  const browser = world.newBrowser();
  await browser.signIn(email, password);
  return browser;
}

/** Whether `password` opens the account now. */
async function opens(email: string, password: string): Promise<boolean> {
  const browser = world.newBrowser();
  const { status } = await browser.send(await browser.signInForm(email, password));
  if (status !== 303 && status !== 401) throw new Error(`signing in: ${status}`);
  return status === 303;
}

/** Sends `form` and kills the runtime meanwhile; whether it was answered, which has to be the one that is told when all went well. */
async function wasAnswered(browser: PersonBrowser, form: FormCall, signIns: number): Promise<Answer | null> {
  const answer = await killedDuring(world, { latestMs: signIns * signInMs }, () => browser.send(form));
  if (answer !== null) expect(answer.status).toBe(303);
  return answer;
}

/** The path of the newest link that was mailed to `email`, and what is behind it; null where none was. */
async function linkFor(email: string): Promise<{ readonly path: string; readonly token: string } | null> {
  const url = /https?:\/\/\S+\?token=\S+/.exec((await world.mailsTo(email)).join("\n"))?.[0];
  if (url === undefined) return null;
  const { pathname, search, searchParams } = new URL(url);
  return { path: `${pathname}${search}`, token: searchParams.get("token") ?? "" };
}

/** The form behind a link, filled in with `password`: the one that a reset sets, or that a confirmation asks for. */
function formBehind(
  browser: PersonBrowser,
  { path, token }: { readonly path: string; readonly token: string },
  password: string,
) {
  return browser.formOn(path, new URL(path, "http://issuer.invalid").pathname, { token, password });
}

/** Follows the newest link that was mailed to `email`, and gives the password that opens the account then. */
async function followLink(email: string, chosen: string): Promise<string> {
  const link = await linkFor(email);
  if (link === null) throw new Error(`nothing was mailed to ${email}`);
  const browser = world.newBrowser();
  const password = link.path.startsWith("/reset") ? NEXT : chosen;
  expect((await browser.send(await formBehind(browser, link, password))).status).toBe(303);
  return password;
}

test(
  "killed while somebody registers: the address is theirs, or free, and in either case leads in",
  TIMEOUT,
  async () => {
    const outcomes: string[] = [];
    const password = "eleven orbits and a splash";
    for (let round = 0; round < ROUNDS; round++) {
      const email = `newcomer${round}@example.org`;
      const browser = world.newBrowser();
      const register = () => browser.formOn("/register", "/register", { email, password });
      const answered = await wasAnswered(browser, await register(), REGISTERING);
      const isMailed = (await linkFor(email)) !== null;
      if (answered !== null) expect(isMailed).toBe(true);
      expect(await opens(email, password), "before the address is confirmed").toBe(false);
      if (!isMailed) expect((await browser.send(await register())).status).toBe(303);
      const [mail = ""] = await world.mailsTo(email);
      expect(await opens(email, await followLink(email, password))).toBe(true);
      const wasThere = mail.includes("has one already");
      outcomes.push(isMailed ? "registered and mailed" : wasThere ? "registered, its mail lost" : "free to register");
    }
    console.info("killed while somebody registered:", tally(outcomes));
  },
);

test("killed while an address is confirmed: it is, or the link still works", TIMEOUT, async () => {
  const outcomes: string[] = [];
  const password = "eleven orbits and a splash";
  for (let round = 0; round < ROUNDS; round++) {
    const email = `confirming${round}@example.org`;
    const browser = world.newBrowser();
    await browser.send(await browser.formOn("/register", "/register", { email, password }));
    const link = await linkFor(email);
    if (link === null) throw new Error("nothing was mailed");
    const answered = await wasAnswered(browser, await formBehind(browser, link, password), QUICK);
    const isAlive = (await browser.get(link.path)).status === 200;
    expect(await opens(email, password)).toBe(!isAlive);
    if (answered !== null) expect(isAlive).toBe(false);
    if (isAlive) expect(await opens(email, await followLink(email, password))).toBe(true);
    outcomes.push(isAlive ? "the link works" : "confirmed");
  }
  console.info("killed while an address was confirmed:", tally(outcomes));
});

test(
  "killed while a password is changed: the old one or the new one; with the new one everything else has ended",
  TIMEOUT,
  async () => {
    const outcomes: string[] = [];
    const [own] = world.connect(2);
    for (let round = 0; round < ROUNDS; round++) {
      const { email, browser: here } = await somebody();
      const { password, webClient } = world.people;
      const there = await signedIn(email, password);
      const { refreshToken } = await redeem(own, webClient, await there.codeFor(webClient));
      const fields = { current_password: password, new_password: NEXT };
      const answered = await wasAnswered(here, await here.formOn("/account", "/account/password", fields), CHANGING);
      const isNew = await opens(email, NEXT);
      expect(await opens(email, password)).toBe(!isNew);
      if (answered !== null) expect(isNew && (await here.isSignedIn())).toBe(true);
      // What others have ends before the password changes and never after: a kill in between costs sessions, and leaves no thief in.
      const others = await there.isSignedIn();
      const refreshed = (await refresh(own, webClient, refreshToken)).status === 200;
      expect(refreshed).toBe(others);
      if (isNew) expect(others).toBe(false);
      else expect(await here.isSignedIn()).toBe(true);
      outcomes.push(`${isNew ? "the new one" : "the old one"}, the others ${others ? "live" : "ended"}`);
    }
    console.info("killed while a password was changed:", tally(outcomes));
  },
);

test(
  "killed while a link resets a password: unspent with the old one, or spent with the new one",
  TIMEOUT,
  async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { email, browser: there } = await somebody();
      const browser = world.newBrowser();
      await browser.send(await browser.formOn("/forgot", "/forgot", { email }));
      const link = await linkFor(email);
      if (link === null) throw new Error("nothing was mailed");
      const answered = await wasAnswered(browser, await formBehind(browser, link, NEXT), RESETTING);
      const isAlive = (await browser.get(link.path)).status === 200;
      expect([await opens(email, world.people.password), await opens(email, NEXT)]).toEqual([isAlive, !isAlive]);
      if (answered !== null) expect(isAlive).toBe(false);
      const others = await there.isSignedIn();
      if (!isAlive) expect(others).toBe(false);
      if (isAlive) expect(await opens(email, await followLink(email, ""))).toBe(true);
      outcomes.push(
        `${isAlive ? "unspent, the old one" : "spent, the new one"}, the sessions ${others ? "live" : "ended"}`,
      );
    }
    console.info("killed while a link reset a password:", tally(outcomes));
  },
);

test("killed while somebody consents: one code or none, and asking again gives one", TIMEOUT, async () => {
  const outcomes: string[] = [];
  const connections = world.connect(2);
  for (let round = 0; round < ROUNDS; round++) {
    const client = clientOf(round, world.people);
    const { browser } = await somebody();
    const { consent, verifier } = await browser.askFor(client);
    if (consent === null) throw new Error("nothing was asked");
    const answered = await wasAnswered(browser, consent, QUICK);
    const again = await browser.send(consent);
    const codes = [answered, again].flatMap((answer) => (answer === null ? [] : (codeIn(answer, client) ?? [])));
    expect(codes.length).toBe(answered !== null || again.status === 303 ? 1 : 0);
    if (codes.length === 0) expect(again.status).toBe(400);
    for (const code of codes) {
      const tokens = await redeem(connections[0], client, { code, verifier });
      expect(await livesOn(connections, client, tokens)).toBe(true);
    }
    const tokens = await redeem(connections[0], client, await browser.codeFor(client));
    expect(await livesOn(connections, client, tokens)).toBe(true);
    outcomes.push(answered !== null ? "answered" : codes.length === 1 ? "not decided" : "decided, its answer lost");
  }
  console.info("killed while somebody consented:", tally(outcomes));
});

test("killed while a device is let in, and while it collects: let in or not, and collected once", TIMEOUT, async () => {
  const outcomes: string[] = [];
  const connections = world.connect(2);
  const [own, other] = connections;
  const { browser } = await somebody();
  for (let round = 0; round < ROUNDS; round++) {
    const client = clientOf(round, world.people);
    const device = await askForDevice(own, client);
    const form = await browser.deviceForm(device.userCode);
    if (form === null) throw new Error("the code is not known");
    const answered = await wasAnswered(browser, form, QUICK);
    const isWaiting = (await browser.deviceForm(device.userCode)) !== null;
    if (answered !== null) expect(isWaiting).toBe(false);
    if (isWaiting) await browser.allowDevice(device.userCode);
    const collected = await killedDuring(world, { latestMs: QUICK * signInMs }, () => poll(own, client, device));
    const again = await poll(other, client, device);
    const given = [collected, again].filter((answer) => answer?.status === 200);
    expect(given.length).toBeLessThan(2);
    if (collected !== null) expect(collected.status).toBe(200);
    if (again.status !== 200) expect(again).toMatchObject(REFUSED);
    expect(await poll(own, client, device)).toMatchObject(REFUSED);
    const [tokens] = given;
    if (tokens !== null && tokens !== undefined) expect(await livesOn(connections, client, tokens)).toBe(true);
    const collection = collected !== null ? "answered" : given.length === 1 ? "not spent" : "spent, its answer lost";
    outcomes.push(`${isWaiting ? "not let in" : "let in"}; ${collection}`);
  }
  console.info("killed while a device was let in; while it collected:", tally(outcomes));
});
