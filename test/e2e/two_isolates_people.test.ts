import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connection } from "../../scripts/workers/connection.ts";
import { PersonBrowser } from "../../scripts/workers/person_browser.ts";
import { type PlantedPeople, plantPeople } from "../../scripts/workers/plant_people.ts";
import { REFUSED, redeem, refresh } from "./token_calls.ts";
import { administer } from "./two_isolates_calls.ts";
import { type Client, HOST, type Isolate, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";

/** What an operator decides at one isolate, a client meets at the other one, which is warm, at its very next call. */
let world: TwoIsolates;
let operator: Client;
let people: PlantedPeople;
let atB: Connection;

beforeAll(async () => {
  world = await startTwoIsolates();
  operator = await world.newClient(["admin"]);
  people = await plantPeople(world.db as unknown as Parameters<typeof plantPeople>[0], 3);
  atB = connectTo(world.b);
});

afterAll(async () => {
  atB.close();
  await world.dispose();
});

function connectTo({ port }: Isolate): Connection {
  return new Connection(new URL(`http://127.0.0.1:${port}`), HOST);
}

/** Somebody with one role, who refreshed at B already: their id, and their refresh token. */
async function refreshed(at: number): Promise<{ readonly id: string; readonly token: string }> {
  const email = people.emails[at] ?? "";
  const { data } = await administer(world.a, operator, "GET", "/users");
  const id = (data as { id: string; email: string }[]).find((user) => user.email === email)?.id ?? "";
  await administer(world.a, operator, "PATCH", `/users/${id}`, { roles: ["clerk"] });
  const browser = new PersonBrowser(atB, `http://${HOST}`);
  await browser.signIn(email, people.password);
  const first = await redeem(atB, people.webClient, await browser.codeFor(people.webClient));
  const second = await refresh(atB, people.webClient, first.refreshToken);
  expect(rolesIn(second.accessToken)).toEqual(["clerk"]);
  return { id, token: second.refreshToken };
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
