import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { externalQuestion, isPermittedOutside, type ToldFact } from "../../src/access/external_say.ts";
import { ExternalPdp, type ExternalPdpTerms } from "../../src/adapters/external_pdp.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { ExternalQuestion } from "../../src/ports/external_decisions.ts";
import { decisionFacts } from "../support/decisions.ts";
import { eventually } from "../support/eventually.ts";
import { stubNetwork } from "../support/network.ts";

const PDP = "https://pdp.example";
const URL_OF = `${PDP}/access/v1/evaluation`;
const START = Date.parse("2026-11-22T00:00:00Z");
const network = stubNetwork();
const heard: string[] = [];
const received: { body: unknown; headers: Headers }[] = [];

beforeEach(() => {
  heard.length = 0;
  received.length = 0;
  vi.setSystemTime(START);
});
afterEach(() => {
  vi.useRealTimers();
});

const question = (id: string, subject = "usr_1"): ExternalQuestion => ({
  subject: { type: "user", id: subject },
  action: { name: "read" },
  resource: { type: "document", id },
});

function pdp(changes: Partial<ExternalPdpTerms> = {}): ExternalPdp {
  return new ExternalPdp({
    url: URL_OF,
    self: "https://gate.example",
    timeoutMs: 50,
    maxBytes: 1_024,
    cacheMs: 0,
    token: async () => null,
    reach: { loopback: false },
    failed: (cause) => heard.push(cause),
    phase: (phase) => heard.push(phase),
    ...changes,
  });
}

function answering(answer: (id: string) => Response | Promise<Response>): void {
  network.serve(PDP, async (request) => {
    const body = (await request.json()) as ExternalQuestion;
    received.push({ body, headers: request.headers });
    return answer(body.resource.id);
  });
}

const says = (decision: unknown) => Response.json({ decision });
const permits = (asked: ExternalPdp, id = "1", subject?: string) =>
  asked.permits(question(id, subject), Date.now(), () => undefined);

describe("a decision point of others", () => {
  it("is asked by AuthZEN 1.0, with its token, and its boolean is the answer", async () => {
    answering((id) => says(id === "1"));
    const asked = pdp({ token: async () => "a-token" });
    expect(await permits(asked, "1")).toBe(true);
    expect(await permits(asked, "2")).toBe(false);
    expect(received[0]?.body).toEqual(question("1"));
    expect(received[0]?.headers.get("authorization")).toBe("Bearer a-token");
    expect(received[0]?.headers.get("content-type")).toBe("application/json");
    expect(network.calls.map(({ url, method }) => `${method} ${url}`)).toEqual([`POST ${URL_OF}`, `POST ${URL_OF}`]);
  });

  it.each<[string, () => Response]>([
    ["a text that is true", () => says("true")],
    ["1", () => says(1)],
    ["an array", () => says([true])],
    ["nothing", () => Response.json({})],
    ["a list", () => Response.json([{ decision: true }])],
    ["evaluations", () => Response.json({ evaluations: [{ decision: true }] })],
    ["a decision that is inherited", () => Response.json(JSON.parse('{"__proto__":{"decision":true}}'))],
    ["two decisions", () => new Response('{"decision":false,"decision":true}', JSON_TYPE)],
    ["two decisions, one in other signs", () => new Response('{"decision":true,"decisio\\u006e":true}', JSON_TYPE)],
    ["no JSON", () => new Response("true", JSON_TYPE)],
    ["half of it", () => new Response('{"decision":true', JSON_TYPE)],
    ["another media type", () => new Response('{"decision":true}', { headers: { "content-type": "text/html" } })],
    ["201", () => Response.json({ decision: true }, { status: 201 })],
    ["a redirect", () => Response.redirect("https://elsewhere.example/", 302)],
    ["401", () => Response.json({ decision: true }, { status: 401 })],
    ["500", () => Response.json({ decision: true }, { status: 500 })],
    ["what is too large", () => Response.json({ decision: true, context: { text: "x".repeat(2_000) } })],
  ])("%s is no answer, and nobody passes by it", async (_, answer) => {
    answering(answer);
    await expect(permits(pdp({ cacheMs: 60_000 }))).rejects.toThrow(Outage);
    expect(heard).toHaveLength(1);
  });

  it("one that is silent is waited for as long as its deadline", async () => {
    network.serve(PDP, () => new Promise(() => undefined));
    await expect(permits(pdp({ timeoutMs: 20 }))).rejects.toThrow(Outage);
    expect(heard).toEqual(["deadline"]);
  });

  it("one that is nowhere on the internet is not called", async () => {
    for (const url of [
      "http://pdp.example/",
      "https://127.0.0.1/",
      "https://169.254.169.254/",
      "https://pdp.internal/",
    ]) {
      await expect(permits(pdp({ url })), url).rejects.toThrow(Outage);
    }
    expect(network.calls).toEqual([]);
  });

  it("without a token, where it wants one, nothing is asked", async () => {
    const token = () => Promise.reject(new Outage("external_pdp", { cause: "origin_credential_unavailable" }));
    await expect(permits(pdp({ token }))).rejects.toThrow(Outage);
    expect(network.calls).toEqual([]);
  });

  it("one that keeps failing is left alone for a while, and nobody waits for it; then it is tried out", async () => {
    answering(() => says("no"));
    const asked = pdp();
    for (let call = 0; call < 12; call++) await expect(permits(asked, String(call))).rejects.toThrow(Outage);
    expect(received).toHaveLength(10);
    expect(heard).toContain("open");
    answering(() => says(true));
    await expect(permits(asked)).rejects.toThrow(Outage);
    vi.setSystemTime(START + 6_000);
    expect(await permits(asked)).toBe(true);
  });
});

const JSON_TYPE = { headers: { "content-type": "application/json" } };

describe("what is remembered of its answers", () => {
  it("nothing, unless a setting says so", async () => {
    answering(() => says(true));
    const asked = pdp();
    await permits(asked);
    await permits(asked);
    expect(received).toHaveLength(2);
  });

  it("an answer to the very same question, for so long: never one about another resource or subject", async () => {
    answering((id) => says(id === "1"));
    const asked = pdp({ cacheMs: 10_000 });
    expect([await permits(asked, "1"), await permits(asked, "1")]).toEqual([true, true]);
    expect(received).toHaveLength(1);
    expect(await permits(asked, "2")).toBe(false);
    expect(await permits(asked, "1", "usr_2")).toBe(true);
    expect(received).toHaveLength(3);
    vi.setSystemTime(START + 9_999);
    await permits(asked, "1");
    expect(received).toHaveLength(3);
    vi.setSystemTime(START + 10_000);
    answering(() => says(false));
    expect(await permits(asked, "1")).toBe(false);
  });

  it("properties and context are parts of the question", async () => {
    answering(() => says(true));
    const asked = pdp({ cacheMs: 10_000 });
    const base = question("1");
    for (const one of [
      base,
      { ...base, context: { address: "192.0.2.1" } },
      { ...base, context: { address: "192.0.2.2" } },
      { ...base, resource: { ...base.resource, properties: { status: "open" } } },
      { ...base, action: { name: "write" } },
    ]) {
      await asked.permits(one, Date.now(), () => undefined);
    }
    expect(received).toHaveLength(5);
  });

  it("a clock that is set back makes nothing last longer, and a failure is not remembered", async () => {
    answering(() => says(true));
    const asked = pdp({ cacheMs: 10_000 });
    await permits(asked);
    vi.setSystemTime(START - 60_000);
    await permits(asked);
    expect(received).toHaveLength(2);
    answering(() => says("no"));
    await expect(permits(asked, "3")).rejects.toThrow(Outage);
    answering(() => says(true));
    expect(await permits(asked, "3")).toBe(true);
  });

  it("those who ask the same at once wait for one answer", async () => {
    let release = (_: Response): void => undefined;
    answering(() => new Promise((resolve) => (release = resolve)));
    const asked = pdp({ timeoutMs: 5_000 });
    const all = [1, 2, 3].map(() => permits(asked));
    await eventually(() => expect(received).toHaveLength(1));
    release(says(true));
    expect(await Promise.all(all)).toEqual([true, true, true]);
    expect(received).toHaveLength(1);
  });
});

describe("what it is told", () => {
  const facts = decisionFacts({
    principal: {
      ...decisionFacts().principal,
      roles: ["manager"],
      tenant: "acme",
      attributes: { department: "sales" },
    },
    resource: { type: "document", id: "1", attributes: { owner: "usr_9" } },
    env: { ...decisionFacts().env, address: "192.0.2.1", country: "DE", acr: "mfa", amr: ["pwd"], authTimeSeconds: 7 },
  });
  const told = (...tells: ToldFact[]) => externalQuestion(facts, new Set(tells), "https://id.test");

  it("who, what and to which resource, and no more than it is to be told; never a time", () => {
    const bare = {
      subject: { type: "user", id: "usr_1" },
      action: { name: "read" },
      resource: { type: "document", id: "1" },
    };
    expect(told()).toEqual(bare);
    expect(
      told("roles", "tenant", "subject_attributes", "resource_attributes", "address", "country", "authentication"),
    ).toEqual({
      subject: { ...bare.subject, properties: { roles: ["manager"], tenant: "acme", department: "sales" } },
      action: { name: "read" },
      resource: { ...bare.resource, properties: { owner: "usr_9" } },
      context: { address: "192.0.2.1", country: "DE", acr: "mfa", amr: ["pwd"], authTime: 7 },
    });
  });

  it("a subject of another issuer by both, so that nobody speaks for a subject of ours", () => {
    const question = externalQuestion(facts, new Set(), "https://our.own");
    expect(question.subject.id).toBe("https%3A%2F%2Fid.test|usr_1");
  });

  it("each resource has to be permitted, and `true` alone permits", async () => {
    const answers: unknown[] = [true, true];
    const pdpThat = { permits: async () => answers.shift() as boolean };
    const say = { pdp: pdpThat, tells: new Set<ToldFact>(), ownIssuer: "https://id.test" };
    const call = { nowMs: START, defer: () => undefined };
    expect(await isPermittedOutside(say, [facts, facts], call)).toBe(true);
    answers.push(true, false);
    expect(await isPermittedOutside(say, [facts, facts], call)).toBe(false);
    answers.push("true");
    expect(await isPermittedOutside(say, [facts], call)).toBe(false);
  });
});
