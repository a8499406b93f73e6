import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { D1Relations } from "../../src/adapters/d1/relations.ts";
import { actionConfig } from "../support/action_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { tuple } from "../support/relation_graph.ts";
import { openSocket, socketOrigin } from "../support/websockets.ts";

/* What was allowed is not allowed for good: connections that stay open, and bodies that come slowly, are decided on again. */
const logs = captureLogs();
const network = stubNetwork();
const store = new D1Relations(backstage.db);
const START = Date.parse("2026-11-20T00:00:00Z");
const VIEWER = tuple("document:1#viewer@user:usr_alice");
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
});
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"], now: START });
  await store.change({ writes: [VIEWER], deletes: [], preconditions: [], nowMs: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const alice = async () => bearer(await token(ring, { sub: "usr_alice", client_id: "web", exp: START / 1000 + 3_600 }));
const takeAway = () => store.change({ writes: [], deletes: [VIEWER], preconditions: [], nowMs: Date.now() });

/** Lets time go by in steps until `isOver`, half a minute at the most; in milliseconds. */
async function msUntil(isOver: () => boolean): Promise<number> {
  for (let passedMs = 0; passedMs <= 120_000; passedMs += 500) {
    if (isOver()) return passedMs;
    await vi.advanceTimersByTimeAsync(500);
    await backstage.db.prepare("SELECT 1").first();
  }
  throw new Error("it goes on");
}

describe("a relation that is taken away", () => {
  it("ends the WebSocket that it opened", async () => {
    const ends = socketOrigin(network);
    const gate = install({ config: actionConfig() });
    const caller = await openSocket(gate, "/watch/1", await alice());
    let closed: readonly [number, string] | null = null;
    void caller.closed.then((told) => {
      closed = told;
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect([closed, ends.length]).toEqual([null, 1]);
    await takeAway();
    await msUntil(() => closed !== null);
    expect(closed).toEqual([3000, "credential ended"]);
    expect(logs.events("stream_closed")).toMatchObject([
      { reason: "credential_ended", credential_reason: "no_rule_allows" },
    ]);
  });

  it("ends the stream that it opened", async () => {
    network.origin(() => new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } }));
    const gate = install({ config: actionConfig() });
    const response = await gate.fetch("/feed/1", { headers: await alice() });
    expect(response.status).toBe(200);
    let text: string | null = null;
    void response.text().then((told) => {
      text = told;
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await takeAway();
    await msUntil(() => text !== null);
    expect(text).toContain("credential_ended");
  });
});

describe("a body that comes slowly", () => {
  it("is decided on by what is true when it is there", async () => {
    let owner = "usr_alice";
    network.origin(({ url }) => Response.json(url.includes("/internal/") ? { owner } : { from: "origin" }));
    const gate = install({ config: actionConfig() });
    const pipe = new TransformStream<Uint8Array, Uint8Array>();
    const writer = pipe.writable.getWriter();
    const headers = { ...(await alice()), "content-type": "application/json" };
    const answer = gate.fetch("/by-body", { method: "POST", headers, body: pipe.readable });
    void writer.write(new TextEncoder().encode('{"document":'));
    await vi.advanceTimersByTimeAsync(5_000);
    owner = "usr_bob";
    void writer.write(new TextEncoder().encode('{"id":"1"}}'));
    void writer.close();
    expect((await answer).status).toBe(403);
    expect(network.originCalls.every(({ url }) => url.includes("/internal/"))).toBe(true);
  });
});
