import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { actionConfig } from "../support/action_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { until } from "../support/websockets.ts";

/* An origin that is asked what its resources are like (`policy.metadata`): what becomes of calls when it does not do its part. */
const logs = captureLogs();
const network = stubNetwork();
const START = Date.parse("2026-11-20T00:00:00Z");
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Puts an origin there that answers questions about documents with `answer`. */
function answering(answer: (id: string) => Response | Promise<Response>) {
  network.origin(({ url }) => {
    const [, id] = /\/internal\/documents\/([^/?]*)$/.exec(url) ?? [];
    return id === undefined ? Response.json({ from: "origin" }) : answer(id);
  });
}

function lenient(): ConfigInput {
  const config = actionConfig();
  const documents = config.policy?.metadata?.documents;
  if (config.policy === undefined || documents === undefined) throw new Error("no metadata");
  const metadata = {
    ...config.policy.metadata,
    documents: { ...documents, onUnavailable: "without_attributes" as const },
  };
  return { ...config, policy: { ...config.policy, metadata } };
}

const headers = async () => bearer(await token(ring, { sub: "usr_alice", client_id: "web", exp: START / 1000 + 600 }));
const asked = () => network.originCalls.filter(({ url }) => url.includes("/internal/")).map(({ url }) => url);

async function share(gate = install({ config: actionConfig() }), id = "1") {
  return gate.fetch(`/by-query?id=${encodeURIComponent(id)}`, { headers: await headers() });
}

const LIES: readonly (readonly [string, () => Response])[] = [
  ["fails", () => new Response(null, { status: 500 })],
  ["refuses the gate", () => new Response(null, { status: 401 })],
  ["leads elsewhere", () => Response.redirect("https://elsewhere.example.com/", 302)],
  ["answers a page", () => new Response("<p>", { headers: { "content-type": "text/html" } })],
  ["answers no JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
  ["answers a list", () => Response.json([{ owner: "usr_alice" }])],
  ["answers nothing", () => Response.json(null)],
  ["answers an attribute of another type", () => Response.json({ owner: ["usr_alice"] })],
  ["answers without an end", () => Response.json({ owner: "usr_alice", more: "x".repeat(5_000) })],
];

describe("an origin that does not do its part", () => {
  it.each(LIES)("%s: 503, and the call goes nowhere", async (_, answer) => {
    answering(answer);
    const response = await share();
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(network.originCalls.every(({ url }) => url.includes("/internal/"))).toBe(true);
    expect(logs.events("resource_metadata_failed")).toMatchObject([{ metadata: "documents" }]);
    expect(logs.events("outage")).toMatchObject([{ dependency: "resource_metadata" }]);
  });

  it.each(LIES)("%s, where calls go on without it: the rule that needs it fails, and denies", async (_, answer) => {
    answering(answer);
    expect((await share(install({ config: lenient() }))).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "rule_failed", rules: ["owner-shares"] });
  });

  it("silent: for as long as its deadline", async () => {
    answering(() => new Promise(() => undefined));
    const answer = share();
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    await until(() => asked().length === 1);
    await vi.advanceTimersByTimeAsync(199);
    expect(isAnswered).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect((await answer).status).toBe(503);
  });

  it("one that keeps failing is left alone for a while, and serves again once it is mended", async () => {
    answering(() => new Response(null, { status: 500 }));
    const gate = install({ config: actionConfig() });
    for (let at = 0; at < 12; at++) expect((await share(gate, `d${at}`)).status).toBe(503);
    expect(asked()).toHaveLength(10);
    expect(logs.events("breaker_opened")).toMatchObject([{ metadata: "documents" }]);
    answering(() => Response.json({ owner: "usr_alice" }));
    expect((await share(gate)).status).toBe(503);
    vi.setSystemTime(START + 5_000);
    expect((await share(gate)).status).toBe(200);
  });

  it("ids that it refuses by themselves do not have others refused", async () => {
    answering((id) => (id === "1" ? Response.json({ owner: "usr_alice" }) : new Response(null, { status: 400 })));
    const gate = install({ config: actionConfig() });
    for (let at = 0; at < 12; at++) expect((await share(gate, `bad${at}`)).status).toBe(503);
    expect((await share(gate)).status).toBe(200);
  });

  it("what is in memory goes on to its end", async () => {
    answering(() => Response.json({ owner: "usr_alice" }));
    const gate = install({ config: actionConfig() });
    expect((await share(gate)).status).toBe(200);
    answering(() => new Response(null, { status: 500 }));
    vi.setSystemTime(START + 29_000);
    expect((await share(gate)).status).toBe(200);
    vi.setSystemTime(START + 30_000);
    expect((await share(gate)).status).toBe(503);
  });
});

describe("a call that names many", () => {
  const ids = (count: number) => Array.from({ length: count }, (_, at) => `d${at}`);
  const batch = async (body: object, cf = {}, gate = install({ config: actionConfig() })) =>
    gate.fetch("/batch", {
      method: "POST",
      body: JSON.stringify(body),
      headers: { ...(await headers()), "content-type": "application/json" },
      cf,
    });
  const items = (names: readonly string[]) => ({ items: names.map((id) => ({ id })) });

  it("has its origin asked about a few at a time", async () => {
    let [now, most] = [0, 0];
    answering(async () => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now -= 1;
      return Response.json({ owner: "usr_alice" });
    });
    expect((await batch(items(ids(20)))).status).toBe(200);
    expect([asked().length, most]).toEqual([20, 6]);
  });

  it("of more than the origin may be asked about is refused, and nobody is asked", async () => {
    answering(() => Response.json({ owner: "usr_alice" }));
    for (const count of [21, 100, 101]) {
      const response = await batch(items(ids(count)));
      expect([response.status, (await problemOf(response)).code]).toEqual([400, "too_many_resources"]);
      expect(logs.lastDecision).toMatchObject({ reason: "resources_too_many" });
    }
    expect(asked()).toEqual([]);
    const config = actionConfig();
    const documents = config.policy?.metadata?.documents;
    if (config.policy === undefined || documents === undefined) throw new Error("no metadata");
    const metadata = { ...config.policy.metadata, documents: { ...documents, maxResources: 100 } };
    const gate = install({ config: { ...config, policy: { ...config.policy, metadata } } });
    expect((await batch(items(ids(100)), {}, gate)).status).toBe(200);
    expect(asked()).toHaveLength(100);
  });

  it("ends with the first that does not exist, or cannot be asked about; and is not asked for again while that is known", async () => {
    const gate = install({ config: actionConfig() });
    answering((id) => (id === "d3" ? new Response(null, { status: 404 }) : Response.json({ owner: "usr_alice" })));
    expect((await batch(items(ids(20)), {}, gate)).status).toBe(403);
    expect(asked()).toHaveLength(6);
    expect((await batch(items([...ids(4), "e1", "e2"]), {}, gate)).status).toBe(403);
    expect(asked()).toHaveLength(6);
    answering(() => new Response(null, { status: 500 }));
    expect((await batch(items(ids(20)))).status).toBe(503);
    expect(asked()).toHaveLength(12);
  });

  it("is denied by rules that name no resource before anybody is asked", async () => {
    answering(() => Response.json({ owner: "usr_alice" }));
    expect((await batch(items(ids(20)), { country: "T1" })).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "rule_denied", rules: ["not-from-tor"] });
    expect(asked()).toEqual([]);
  });
});

describe("the question", () => {
  it.each([
    ["a/b", "a%2Fb"],
    ["a?x=1#y", "a%3Fx%3D1%23y"],
    ["%2e%2e", "%252e%252e"],
    ["..%2f", "..%252f"],
    ["$&", "%24%26"],
    ["é", "%C3%A9"],
  ])("the id %s stays one segment of its path", async (id, encoded) => {
    answering(() => Response.json({ owner: "usr_alice" }));
    expect((await share(undefined, id)).status).toBe(200);
    expect(asked()).toEqual([`http://origin.test:8788/internal/documents/${encoded}`]);
  });

  it.each([".", "..", "", "../7", "a/../7", "./7", "7/..", "..\\7", "a\\.\\7"])(
    "the id %j is never asked about",
    async (id) => {
      answering(() => Response.json({ owner: "usr_alice" }));
      expect((await share(undefined, id)).status).toBe(400);
      expect(asked()).toEqual([]);
    },
  );

  it("is not answered by what says an attribute twice: another reader takes the other one", async () => {
    const text = '{"owner":"usr_bob","owner":"usr_alice"}';
    answering(() => new Response(text, { headers: { "content-type": "application/json" } }));
    expect((await share()).status).toBe(503);
  });

  it("carries nothing of the caller", async () => {
    answering(() => Response.json({ owner: "usr_alice" }));
    await share();
    const [question] = network.originCalls;
    expect(question?.method).toBe("GET");
    expect([...(question?.headers.keys() ?? [])]).toEqual(["accept"]);
  });
});
