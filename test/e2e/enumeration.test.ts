import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formOf, PlainBrowser, type Read } from "./people/plain_browser.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

/*
 * V6.3.8: whoever asks cannot learn who has an account here: not from what is said, nor from how long it takes.
 */

const SAMPLES = 60;
/**
 * How far apart the two columns may be. A hash that was left out for one kind would put them 60 % apart and more; of 250 pairs the quick
 * ones were equal to a tenth of a millisecond, and the medians 4 % apart on a machine with six others waiting.
 */
const TOLERANCE = 0.25;
const WRONG = "not the password of anyone";

let world: PeopleWorld;
let addresses = 0;

beforeAll(async () => {
  world = await startPeopleWorld();
});

afterAll(async () => {
  await world?.dispose();
});

function ada(): string {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  return user.email;
}

/** Nobody has this one. */
function nobody(at: number): string {
  return `nobody-${at}@example.com`;
}

/** A browser at an address of its own: what is measured is not the budget of an address. */
function newBrowser(): PlainBrowser {
  addresses += 1;
  return new PlainBrowser(world.url, `2001:db8:0:${addresses.toString(16)}::1`);
}

interface Timed {
  readonly answer: Read;
  readonly ms: number;
}

/** Sends the form at `path` with `fields`; the page before it is not part of the time. */
async function sent(path: string, fields: Readonly<Record<string, string>>): Promise<Timed> {
  const browser = newBrowser();
  const form = formOf(await browser.open(new URL(path, world.url)), path);
  const startMs = performance.now();
  const answer = await browser.send(form.action, { ...form.fields, ...fields });
  return { answer, ms: performance.now() - startMs };
}

/** What an answer says, without what is of this one request: ids, nonces, tokens, the text that was typed. */
function said({ status, headers, text }: Read, typed: string): unknown {
  const kept = [...headers].filter(([name]) => name !== "date" && name !== "x-request-id" && name !== "content-length");
  const plain = (part: string) =>
    part
      .replaceAll(typed, "TYPED")
      .replace(/nonce(=|-)("?)[\w-]+/g, "nonce")
      .replace(/name="form_token" value="[^"]*"/g, "form_token")
      .replace(/(sallyport_\w+)=[^;]*/g, "$1");
  return { status, headers: kept.map(([name, value]) => [name, plain(value)]), text: plain(text) };
}

/** The value that `part` of the others lie below. */
function quantile(values: readonly number[], part: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * part)] ?? 0;
}

/** How far apart two columns are at a quantile, as a part of the larger. */
function distance([known, unknown]: readonly [readonly number[], readonly number[]], part: number): number {
  const [left, right] = [quantile(known, part), quantile(unknown, part)];
  return Math.abs(left - right) / Math.max(left, right);
}

/** Both kinds in turns, so that a slow second of the machine is in both columns. */
async function compare(
  what: string,
  known: (at: number) => Promise<Timed>,
  unknown: (at: number) => Promise<Timed>,
): Promise<number> {
  const times: readonly [number[], number[]] = [[], []];
  for (let at = 0; at < SAMPLES; at++) {
    // Whoever comes first in a pair may pay for something that the second one finds warm.
    for (const column of at % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      times[column].push((await (column === 0 ? known(at) : unknown(at))).ms);
    }
  }
  const medians = times.map((column) => `${quantile(column, 0.5).toFixed(1)} ms`).join(" known, ");
  const apart = `${(distance(times, 0.5) * 100).toFixed(1)} % apart`;
  console.info(`${what}: medians of ${SAMPLES}: ${medians} unknown, ${apart}`);
  // What other work there is on the machine only adds to a time: the quick fifth is what tells the two kinds apart.
  return distance(times, 0.2);
}

/** As many accounts as there are samples, so that no name is locked. */
async function plantAccounts(): Promise<void> {
  const copy = `INSERT INTO users (id, email, normalised_email, email_verified, password_hash, profile, roles, created_at,
    updated_at) SELECT 'usr_' || substr('0000000000000000000000' || ?1, -22), ?2, ?2, 1, password_hash, profile, roles,
    created_at, updated_at FROM users WHERE normalised_email = ?3`;
  const statements = Array.from({ length: SAMPLES }, (_, at) =>
    world.db.prepare(copy).bind(String(at), somebody(at), ada()),
  );
  await world.db.batch(statements);
}

function somebody(at: number): string {
  return `member-${at}@example.com`;
}

describe("V6.3.8: accounts cannot be told from none", () => {
  test("sign-in: the same words, headers and time", async () => {
    const [known, unknown] = [ada(), nobody(0)];
    const both = await Promise.all(
      [known, unknown].map(async (email) => said((await sent("/login", { email, password: WRONG })).answer, email)),
    );
    expect(both[0]).toEqual(both[1]);
    expect(both[0]).toMatchObject({ status: 401 });
    await plantAccounts();
    const attempt = (email: string) => sent("/login", { email, password: WRONG });
    const apart = await compare(
      "sign-in",
      (at) => attempt(somebody(at)),
      (at) => attempt(nobody(at)),
    );
    expect(apart).toBeLessThan(TOLERANCE);
  });

  test("the lock of a name that nobody has reads like that of one that somebody has", async () => {
    const locked = async (email: string) => {
      for (let tries = 0; tries < 12; tries++) await sent("/login", { email, password: WRONG });
      const { answer } = await sent("/login", { email, password: WRONG });
      return { ...(said(answer, email) as object), retryAfter: answer.headers.get("retry-after") !== null };
    };
    const withoutWait = (told: object) => JSON.stringify(told).replace(/\d+ (?:minutes?|seconds?)|"\d+"/g, "WAIT");
    const [known, unknown] = [await locked(ada()), await locked(nobody(1))];
    expect(known).toMatchObject({ status: 429, retryAfter: true });
    expect(withoutWait(known)).toBe(withoutWait(unknown));
  });

  test("forgotten password: the same words and headers", async () => {
    const answers = [ada(), nobody(2)].map(async (email) => said((await sent("/forgot", { email })).answer, email));
    const [known, unknown] = await Promise.all(answers);
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 303 });
    const apart = await compare(
      "forgotten password",
      (at) => sent("/forgot", { email: somebody(at) }),
      (at) => sent("/forgot", { email: nobody(at) }),
    );
    // No hash stands in here, which would drown the noise of the machine.
    expect(apart).toBeLessThan(TOLERANCE * 2);
  });

  test("registration: the same words, headers and time", async () => {
    const password = "four plain words of mine";
    const entry = (email: string) => sent("/register", { email, password });
    const [taken, free] = await Promise.all(
      [ada(), nobody(3)].map(async (email) => said((await entry(email)).answer, email)),
    );
    expect(taken).toEqual(free);
    expect(taken).toMatchObject({ status: 303 });
    const apart = await compare(
      "registration",
      (at) => entry(somebody(at)),
      (at) => entry(`new-${at}@example.com`),
    );
    expect(apart).toBeLessThan(TOLERANCE);
  });
});
