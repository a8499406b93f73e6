import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connection } from "../../scripts/workers/connection.ts";
import { PersonBrowser } from "../../scripts/workers/person_browser.ts";
import { type PlantedPeople, plantPeople } from "../../scripts/workers/plant_people.ts";
import { administer } from "./two_isolates_calls.ts";
import { type Client, HOST, type Isolate, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";
import { heard, msUntil } from "./until.ts";

/** The bound of the edge feed, with a round trip to it. */
const BOUND_MS = 3_000 + 250;

/** A browser session that ends at one isolate is refused at the gate of the other one, which holds an answer about it. */
let world: TwoIsolates;
let operator: Client;
let people: PlantedPeople;
let atA: Connection;

beforeAll(async () => {
  world = await startTwoIsolates();
  operator = await world.newClient(["admin"]);
  people = await plantPeople(world.db as unknown as Parameters<typeof plantPeople>[0], 4);
  atA = new Connection(new URL(`http://127.0.0.1:${world.a.port}`), HOST);
});

afterAll(async () => {
  atA.close();
  await world.dispose();
});

/** Somebody who is signed in, and whose session both gates hold. */
async function signedIn(at: number) {
  const email = people.emails[at] ?? "";
  const browser = new PersonBrowser(atA, `http://${HOST}`);
  await browser.signIn(email, people.password);
  const cookie = `sallyport_session=${browser.cookie("sallyport_session")}`;
  expect([await knock(world.a, cookie), await knock(world.b, cookie)]).toEqual([200, 200]);
  const { data } = await administer(world.a, operator, "GET", "/users");
  const id = (data as { id: string; email: string }[]).find((user) => user.email === email)?.id ?? "";
  return { browser, cookie, id };
}

function knock(isolate: Isolate, cookie: string): Promise<number> {
  return heard(async () => (await isolate.call("GET", "/whoami", { cookie })).status);
}

describe("what ends a session at one isolate ends it at the gate of the other, within the bound", () => {
  it.each<[string, number, (of: Awaited<ReturnType<typeof signedIn>>) => Promise<unknown>]>([
    ["sign-out", 0, async ({ browser }) => browser.send(await browser.formOn("/account", "/account/sign-out", {}))],
    ["an operator who ends sessions", 1, ({ id }) => administer(world.a, operator, "DELETE", `/users/${id}/sessions`)],
    [
      "a user who is disabled",
      2,
      ({ id }) => administer(world.a, operator, "PATCH", `/users/${id}`, { disabled: true }),
    ],
    ["a user who is deleted", 3, ({ id }) => administer(world.a, operator, "DELETE", `/users/${id}`)],
  ])("%s", async (what, at, end) => {
    const somebody = await signedIn(at);
    await end(somebody);
    const startMs = Date.now();
    expect(await knock(world.a, somebody.cookie), "where it ended").toBe(401);
    const ms = await msUntil(401, () => knock(world.b, somebody.cookie), startMs);
    console.info(`${what}: ${ms} ms after the answer`);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
  });
});
