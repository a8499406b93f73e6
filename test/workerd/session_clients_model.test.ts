import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { AccountChanges } from "../../src/objects/account_changes.ts";
import { AccountStore } from "../../src/objects/account_store.ts";
import { newSessionRoot, type SessionRoot } from "../../src/protocol/client_sid.ts";
import { startGrant } from "../../src/protocol/grant_state.ts";
import { type ClientId, newClientId, newGrantId, newSessionId, type SessionId } from "../../src/protocol/ids.ts";
import { sessionOpening } from "../support/account_actions.ts";
import { newAccount } from "../support/account_world.ts";
import { ACCESS_MS, grantStart, LIFETIMES, terms } from "../support/grants.ts";

const CLIENTS = [newClientId(platformRandom), newClientId(platformRandom), newClientId(platformRandom)];
const HOUR_MS = 3_600_000;

type Action =
  | { readonly do: "open"; readonly replaces: number | null }
  | { readonly do: "sign_in"; readonly session: number; readonly client: number; readonly refreshable: boolean }
  | { readonly do: "end"; readonly session: number }
  | { readonly do: "end_all"; readonly except: number | null }
  /** Every access token dies, and the grants without refresh tokens are swept. */
  | { readonly do: "wait" };

const index = fc.nat(5);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("open" as const), replaces: fc.option(index) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("sign_in" as const),
      session: index,
      client: fc.nat(CLIENTS.length - 1),
      refreshable: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end" as const), session: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end_all" as const), except: fc.option(index) }) },
  { weight: 2, arbitrary: fc.constant({ do: "wait" as const }) },
);

/** What a browser session is to the outside: a root, and the clients that it signed in at. */
interface Known {
  readonly root: SessionRoot;
  readonly clients: Set<ClientId>;
}

/** The account, and what everybody outside knows of it. */
class World {
  nowMs = 1_000_000;
  readonly sessions = new Map<SessionId, Known>();
  readonly #store: AccountStore;
  readonly #sql: SqlStorage;
  told = 0;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#store = new AccountStore(storage);
    for (const table of ["grants", "sessions", "session_clients", "notice_outbox"]) {
      this.#sql.exec(`DELETE FROM ${table}`);
    }
  }

  /** Does `step`, and returns who has to be told of it, as `client sid`. */
  act(step: Action): readonly string[] {
    const changes = new AccountChanges(this.#store, "usr_0000000000000000000000" as never, this.nowMs);
    switch (step.do) {
      case "open":
        this.#open(changes, this.#nth(step.replaces));
        return [];
      case "sign_in":
        this.#signIn(changes, step);
        return [];
      case "end": {
        const session = this.#nth(step.session);
        if (session !== null) changes.endSession(session);
        return session === null ? [] : this.#gone([session]);
      }
      case "end_all": {
        const except = this.#nth(step.except);
        changes.endEverything("admin", except, null);
        return this.#gone([...this.sessions.keys()].filter((id) => id !== except));
      }
      case "wait":
        this.nowMs += HOUR_MS;
        this.#store.sweep(this.nowMs);
        return [];
    }
  }

  /** Takes out who the account is about to tell. */
  notices(): readonly string[] {
    const rows = this.#sql.exec<{ notice: string }>("DELETE FROM notice_outbox RETURNING notice").toArray();
    this.told += rows.length;
    return rows.map(({ notice }) => JSON.parse(notice)).map(({ clientId, sid }) => `${clientId} ${sid}`);
  }

  /** Every living session has the root that it had, and no two have the same. */
  roots(): void {
    const roots = this.#store.sessions().map(({ record: { id, root } }) => [id, root]);
    expect(new Map(roots as [SessionId, SessionRoot][])).toEqual(
      new Map([...this.sessions].map(([id, { root }]) => [id, root])),
    );
    expect(new Set(roots.map(([, root]) => root)).size).toBe(this.sessions.size);
  }

  #open(changes: AccountChanges, replaces: SessionId | null): void {
    const opening = sessionOpening({
      id: newSessionId(platformRandom),
      root: newSessionRoot(platformRandom),
      replaces,
      idleMs: 1_000 * HOUR_MS,
      absoluteMs: 1_000 * HOUR_MS,
    });
    changes.openSession(opening);
    const before = replaces === null ? undefined : this.sessions.get(replaces);
    if (replaces !== null) this.sessions.delete(replaces);
    this.sessions.set(opening.id, before ?? { root: opening.root, clients: new Set() });
  }

  #signIn(changes: AccountChanges, { session, client, refreshable }: Extract<Action, { do: "sign_in" }>): void {
    const sessionId = this.#nth(session);
    const known = sessionId === null ? undefined : this.sessions.get(sessionId);
    const clientId = CLIENTS[client];
    if (known === undefined || clientId === undefined) return;
    const sid = `of ${known.root}`;
    const start = grantStart({
      grantId: newGrantId(platformRandom),
      terms: terms({ clientId, sessionId, sid, refreshable, scopes: ["openid"] }),
    });
    const state = startGrant(start, LIFETIMES, ACCESS_MS, this.nowMs);
    this.#store.addGrant(start.grantId, state);
    changes.takeIn(start.grantId, state);
    known.clients.add(clientId);
  }

  #gone(ids: readonly SessionId[]): readonly string[] {
    return ids.flatMap((id) => {
      const { root, clients } = this.sessions.get(id) ?? { root: "", clients: [] };
      this.sessions.delete(id);
      return [...clients].map((client) => `${client} of ${root}`);
    });
  }

  #nth(at: number | null): SessionId | null {
    return at === null ? null : ([...this.sessions.keys()][at % this.sessions.size] ?? null);
  }
}

it("over any interleaving, the end of a session tells each of its clients once, and nothing else tells anybody", async () => {
  const account = await newAccount();
  await runInDurableObject(account.stub(), (_, { storage }) => {
    let told = 0;
    fc.assert(
      fc.property(fc.array(action, { minLength: 15, maxLength: 40 }), (steps) => {
        const world = new World(storage);
        for (const step of steps) {
          const expected = world.act(step);
          expect(world.notices().toSorted(), step.do).toEqual(expected.toSorted());
          world.roots();
        }
        told += world.told;
      }),
      { numRuns: 200 },
    );
    // Walks in which nobody signs in and out would prove nothing.
    expect(told).toBeGreaterThan(100);
  });
});
