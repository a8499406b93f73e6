import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connection } from "../../scripts/workers/connection.ts";
import { type CodeClient, PersonBrowser } from "../../scripts/workers/person_browser.ts";
import { type PlantedPeople, plantPeople } from "../../scripts/workers/plant_people.ts";
import { REFUSED, redeem, refresh } from "./token_calls.ts";
import { administer, knock } from "./two_isolates_calls.ts";
import { type Client, HOST, type Isolate, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";
import { msUntil } from "./until.ts";

/** The bound of the edge feed, with a round trip to it. */
const BOUND_MS = 3_000 + 250;

/** What an operator decides at one isolate, a client meets at the other one, which is warm, at its very next call. */
let world: TwoIsolates;
let operator: Client;
let people: PlantedPeople;
let atB: Connection;

beforeAll(async () => {
  world = await startTwoIsolates();
  operator = await world.newClient(["admin"]);
  people = await plantPeople(world.db as unknown as Parameters<typeof plantPeople>[0], 8);
  atB = connectTo(world.b);
});

afterAll(async () => {
  atB.close();
  await world.dispose();
});

function connectTo({ port }: Isolate): Connection {
  return new Connection(new URL(`http://127.0.0.1:${port}`), HOST);
}

/** Somebody with one role, who refreshed at B already: their id, and their tokens. */
async function refreshed(
  at: number,
  client: CodeClient = people.webClient,
): Promise<{ readonly id: string; readonly token: string; readonly accessToken: string }> {
  const email = people.emails[at] ?? "";
  const { data } = await administer(world.a, operator, "GET", "/users");
  const id = (data as { id: string; email: string }[]).find((user) => user.email === email)?.id ?? "";
  await administer(world.a, operator, "PATCH", `/users/${id}`, { roles: ["clerk"] });
  const browser = new PersonBrowser(atB, `http://${HOST}`);
  await browser.signIn(email, people.password);
  const first = await redeem(atB, client, await browser.codeFor(client));
  const second = await refresh(atB, client, first.refreshToken);
  expect(rolesIn(second.accessToken)).toEqual(["clerk"]);
  return { id, token: second.refreshToken, accessToken: second.accessToken };
}

function rolesIn(accessToken: string): unknown {
  return decodeJwt(accessToken).roles;
}

describe("an operator at one isolate, a client at the other", () => {
  it("a user who is disabled gets nothing more", async () => {
    const { id, token } = await refreshed(0);
    await administer(world.a, operator, "PATCH", `/users/${id}`, { disabled: true });
    expect(await refresh(atB, people.webClient, token)).toMatchObject(REFUSED);
  });

  it("a user who is deleted gets nothing more", async () => {
    const { id, token } = await refreshed(1);
    await administer(world.a, operator, "DELETE", `/users/${id}`);
    expect(await refresh(atB, people.webClient, token)).toMatchObject(REFUSED);
  });

  it("a role that is given is in the next token; one that is taken away ends the grant", async () => {
    const { id, token } = await refreshed(2);
    await administer(world.a, operator, "PATCH", `/users/${id}`, { roles: ["clerk", "manager"] });
    const next = await refresh(atB, people.webClient, token);
    expect(rolesIn(next.accessToken)).toEqual(["clerk", "manager"]);
    await administer(world.a, operator, "PATCH", `/users/${id}`, { roles: ["manager"] });
    expect(await refresh(atB, people.webClient, next.refreshToken)).toMatchObject(REFUSED);
  });
});

describe("what ends at one isolate ends a person's access token at the gate of the other, within the bound", () => {
  /** The first of somebody's `what` as the admin API lists them. */
  const firstOf = async (id: string, what: "sessions" | "grants") => {
    const { data } = await administer(world.a, operator, "GET", `/users/${id}/${what}`);
    return (data as { id: string }[])[0]?.id ?? "";
  };

  it.each<[string, number, (id: string) => Promise<unknown>]>([
    [
      "a grant that is ended",
      3,
      async (id) => administer(world.a, operator, "DELETE", `/users/${id}/grants/${await firstOf(id, "grants")}`),
    ],
    [
      "a session that is ended, with what was granted in it",
      4,
      async (id) => administer(world.a, operator, "DELETE", `/users/${id}/sessions/${await firstOf(id, "sessions")}`),
    ],
    ["a user who is disabled", 5, (id) => administer(world.a, operator, "PATCH", `/users/${id}`, { disabled: true })],
    ["a user who is deleted", 6, (id) => administer(world.a, operator, "DELETE", `/users/${id}`)],
    ["a role that is taken away", 7, (id) => administer(world.a, operator, "PATCH", `/users/${id}`, { roles: [] })],
  ])("%s", async (what, at, end) => {
    // Without `offline_access`: a grant that may outlive its session does.
    const { id, accessToken } = await refreshed(at, { ...people.webClient, scope: "openid orders:read" });
    expect([await knock(world.a, accessToken), await knock(world.b, accessToken)]).toEqual([200, 200]);
    await end(id);
    const startMs = Date.now();
    expect(await knock(world.a, accessToken), "where it was decided").toBe(401);
    const ms = await msUntil(401, () => knock(world.b, accessToken), startMs);
    console.info(`${what}: ${ms} ms after the answer`);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
  });
});
