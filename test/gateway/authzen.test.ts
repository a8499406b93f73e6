// Long because every attack on the API is tried on one gate and stands beside the promise that it is on.
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { memoryQueue } from "../support/audit_trail.ts";
import { authzenConfig, RECORDS } from "../support/authzen_config.ts";
import { authzenCaller, authzenWorld, related, storedUser } from "../support/authzen_world.ts";
import { bearer, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL, gatewayConfig } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { migrate } from "../support/issuer_world.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const EVALUATION = "/access/v1/evaluation";
let owner: string;
let stranger: string;

beforeAll(async () => {
  await migrate();
  owner = await storedUser();
  stranger = await storedUser();
  await related(`record:1#owner@user:${owner}`, `record:2#owner@user:${owner}`, `record:1#viewer@user:${stranger}`);
});

const asks = (who: string, name = "read", id = "1") => ({
  subject: { type: "user", id: who },
  action: { name },
  resource: { type: "record", id },
});
const searches = (who: string, page: object = {}) => ({
  subject: { type: "user", id: who },
  action: { name: "read" },
  resource: { type: "record" },
  page,
});

const world = (authzen: Parameters<typeof authzenConfig>[1] = {}, wishes: Parameters<typeof authzenWorld>[1] = {}) =>
  authzenWorld(authzenConfig(RECORDS, authzen), wishes);

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${(await problemOf(response)).code}`;
}

describe("who may ask", () => {
  const json = { "content-type": "application/json" };
  const post = (headers: Readonly<Record<string, string>> = {}) => ({
    method: "POST",
    body: JSON.stringify(asks(owner)),
    headers: { ...json, ...headers },
  });

  it("nobody without a credential, nor with one that lacks the scope: challenged as anywhere, and told nothing", async () => {
    const { gate } = await world();
    const nobody = await gate.fetch(EVALUATION, post());
    expect(nobody.headers.get("www-authenticate")).toContain("Bearer");
    expect(await codeOf(nobody)).toBe("401 unauthenticated");
    const other = await authzenCaller(gate, ["orders:read"]);
    const refused = await other.ask("evaluation", asks(owner));
    expect(refused.headers.get("www-authenticate")).toContain('scope="authz:evaluate"');
    expect(await codeOf(refused)).toBe("403 insufficient_scope");
    expect(logs.events("access_evaluated")).toEqual([]);
  });

  it("whoever has it, by an access token or an API key", async () => {
    const { gate, ask } = await world();
    const proof = bearer(await token(await ringKey(), { scope: "authz:evaluate" }));
    expect(await (await gate.fetch(EVALUATION, post(proof))).json()).toEqual({ decision: true });
    expect((await ask("evaluation", asks(owner))).status).toBe(200);
  });

  it("not with a key that has ended, nor one that may be published, nor two credentials", async () => {
    const { gate } = await world();
    for (const wish of [{ disabled: true }, { expiresAtMs: 1 }, { kind: "publishable" as const }]) {
      const { key } = await storedKey({ scopes: ["authz:evaluate"], ...wish });
      expect((await gate.fetch(EVALUATION, post({ "x-api-key": key }))).status, JSON.stringify(wish)).toBe(401);
    }
    const { key } = await storedKey({ scopes: ["authz:evaluate"] });
    const both = post({ "x-api-key": key, ...bearer(await token(await ringKey(), { scope: "authz:evaluate" })) });
    expect((await gate.fetch(EVALUATION, both)).status).toBe(400);
  });

  it("not in the clear, where a proof could be read", async () => {
    const { gate } = await world();
    const response = await gate.fetch(`${GATEWAY_URL.replace("https", "http")}${EVALUATION}`, post());
    expect(await codeOf(response)).toBe("403 https_required");
  });

  it("within the API's limits", async () => {
    // The start of a window, in which all of this stays.
    vi.setSystemTime(Math.ceil(Date.now() / 10_000) * 10_000);
    onTestFinished(() => void vi.useRealTimers());
    const { ask } = await world({ limits: ["units"] });
    const statuses: number[] = [];
    for (let call = 0; call < 11; call++) statuses.push((await ask("evaluation", asks(owner))).status);
    expect(statuses).toEqual([...Array(10).fill(200), 429]);
    expect((await ask("evaluation", asks(owner))).headers.get("ratelimit")).not.toBeNull();
  });

  it("nothing answers where the API is not asked for, and no search where searches are not", async () => {
    const closed = install({ config: gatewayConfig() });
    expect((await closed.fetch(EVALUATION, post())).status).toBe(404);
    expect((await closed.fetch("/.well-known/authzen-configuration")).status).toBe(404);
    const { gate, ask } = await world();
    expect(await codeOf(await ask("search/resource", searches(owner)))).toBe("404 not_found");
    const metadata = await (await gate.fetch("/.well-known/authzen-configuration")).json();
    expect(Object.keys(metadata as object)).not.toContain("search_resource_endpoint");
    expect((await gate.fetch(EVALUATION)).status).toBe(405);
    expect((await ask("evaluation/", asks(owner))).status).toBe(200);
    expect(await codeOf(await ask("everything", asks(owner)))).toBe("404 not_found");
  });
});

describe("requests that are not answered", () => {
  const whole = () => JSON.stringify(asks(owner));
  const nested = (depth: number) => `{"x":${"[".repeat(depth)}${"]".repeat(depth)},${whole().slice(1)}`;

  it.each<[string, () => string, string]>([
    [
      "a name that stands twice",
      () => `{"subject":{"type":"user","id":"x"},${whole().slice(1)}`,
      "400 question_not_json",
    ],
    [
      "one that does so in other signs",
      () => whole().replace('{"type":"user"', '{"\\u0074ype":"x","type":"user"'),
      "400 question_not_json",
    ],
    [
      "one that does so deep in a list, or among what is passed over",
      () => `{"evaluations":[{"x":{"resource":1,"resource":2}}],${whole().slice(1)}`,
      "400 question_not_json",
    ],
    ["half a character", () => whole().replace('"read"', '"\\ud800"'), "400 question_not_json"],
    ["an array", () => `[${whole()}]`, "400 question_not_json"],
    ["two objects", () => `${whole()}${whole()}`, "400 question_not_json"],
    ["null", () => "null", "400 question_not_json"],
    ["what is too deep", () => nested(20), "413 question_too_deep"],
    ["what is so deep that a parser could fall", () => nested(50_000), "413 question_too_deep"],
    ["what is too large", () => whole().padEnd(200_000), "413 body_too_large"],
  ])("%s: refused as a whole", async (_, body, expected) => {
    const { ask } = await world();
    expect(await codeOf(await ask("evaluation", body()))).toBe(expected);
    expect(logs.events("access_evaluated")).toEqual([]);
  });

  it("more evaluations than one request may have: 413, and none of them is decided", async () => {
    const { ask } = await world({ maxEvaluations: 3 });
    const several = (count: number) => ({ ...asks(owner), evaluations: Array.from({ length: count }, () => ({})) });
    expect(await codeOf(await ask("evaluations", several(4)))).toBe("413 too_many_evaluations");
    expect(logs.events("access_evaluated")).toEqual([]);
    expect((await ask("evaluations", several(3))).status).toBe(200);
    expect(logs.events("access_evaluated")).toHaveLength(3);
  });

  it("a member that is not what it has to be: named in words of ours, with nothing of what was sent", async () => {
    const { ask } = await world();
    const problem = await problemOf(
      await ask("evaluation", { ...asks(owner), subject: { type: "user", id: ["<script>"] } }),
    );
    expect(problem).toMatchObject({ code: "question_malformed", detail: "`subject.id` is not what it has to be" });
    expect(JSON.stringify(problem)).not.toContain("script");
  });

  it("numbers that no double holds are no reason to fall", async () => {
    const { answer } = await world({ search: {} });
    const big = '{"big":123456789012345678901234567890}';
    const body = JSON.stringify({ ...searches(owner), context: {} }).replace('"context":{}', `"context":${big}`);
    expect(await answer("search/resource", body)).toMatchObject({ results: [{ id: "1" }, { id: "2" }] });
  });
});

describe("what callers may say, and what they are told", () => {
  it("a subject's properties give it nothing: roles and attributes are ours to know", async () => {
    const { answer } = await world();
    const claims = { roles: ["admin"], role: "admin", permissions: ["record:write"], owner: true };
    const body = asks(stranger, "write", "1");
    const asked = {
      ...body,
      subject: { ...body.subject, properties: claims },
      resource: { ...body.resource, properties: { status: "archived" } },
    };
    expect(await answer("evaluation", asked)).toEqual({ decision: false });
    const { answer: trusted } = await authzenWorldFor({ says: { roles: ["admin"] } });
    expect(await trusted("evaluation", asked)).toEqual({ decision: true });
  });

  async function authzenWorldFor(terms: object) {
    const { key, record } = await storedKey({ scopes: ["authz:evaluate"] });
    const { gate } = await world({ callers: { [record.id]: terms } });
    return {
      answer: async (path: string, body: object) => {
        const headers = { "x-api-key": key, "content-type": "application/json" };
        const response = await gate.fetch(`/access/v1/${path}`, {
          method: "POST",
          body: JSON.stringify(body),
          headers,
        });
        return response.json();
      },
    };
  }

  it("somebody who was disabled may do nothing any more", async () => {
    const gone = await storedUser({ disabled: true });
    await related(`record:1#owner@user:${gone}`);
    const { answer } = await world();
    expect(await answer("evaluation", asks(gone))).toEqual({ decision: false });
  });

  it("why it is no is said only where a setting says so, and then without rules, attributes or ids", async () => {
    const { ask } = await world();
    expect(await (await ask("evaluation", asks(stranger, "write"))).text()).toBe('{"decision":false}');
    const { answer } = await world({ reasons: "codes" });
    expect(await answer("evaluation", asks(stranger, "write"))).toEqual({
      decision: false,
      context: { reason: "no_rule_allows" },
    });
    expect(await answer("evaluation", asks("usr_nobody"))).toEqual({
      decision: false,
      context: { reason: "subject_unknown" },
    });
    expect(await answer("evaluation", asks(owner))).toEqual({ decision: true });
  });

  it("each decision is a line in the log with its rules, and nothing of the properties", async () => {
    const { ask, id } = await world();
    const body = asks(owner, "write");
    const resource = { ...body.resource, properties: { status: "top-secret-status" } };
    const response = await ask("evaluation", { ...body, resource }, { "x-request-id": "theirs" });
    const ours = response.headers.get("sallyport-request-id");
    expect(logs.events("access_evaluated")).toEqual([
      expect.objectContaining({
        request_id: ours,
        index: 0,
        caller: id,
        subject: `user:${owner}`,
        action: "record:write",
        resource: "record:1",
        decision: true,
        reason: "allowed",
        rules: ["owners_write"],
      }),
    ]);
    expect(logs.events("decision").at(-1)).toMatchObject({ request_id: ours, shape: "authzen", status: 200 });
    expect(JSON.stringify(logs.events("access_evaluated"))).not.toContain("top-secret-status");
  });

  it("in the audit trail, where asked: the call and each decision, who asked and about whom", async () => {
    const queue = memoryQueue();
    const { gate, ask, id } = await world({ audit: "all" }, { env: { AUDIT: queue.binding } });
    await ask("evaluations", { ...asks(owner), evaluations: [{}, { action: { name: "fly" } }, { action: {} }] });
    await gate.settled();
    expect(queue.events.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`).sort()).toEqual([
      "POST /access/v1/evaluations allowed",
      `record:fly record:1 for user:${owner} denied`,
      `record:read record:1 for user:${owner} allowed`,
    ]);
    expect(queue.events.every(({ actor }) => actor.id === id)).toBe(true);
    expect(new Set(queue.events.map((event) => event.id)).size).toBe(3);
  });
});

describe("page tokens", () => {
  const first = async () => {
    const { gate, ask, answer } = await world({ search: {} });
    const page = (await answer("search/resource", searches(owner, { limit: 1 }))) as { page: { next_token: string } };
    return { gate, ask, token: page.page.next_token };
  };

  it("say nothing to whoever holds one: not even which candidate was looked at last", async () => {
    const { token: given } = await first();
    const parts = given.split(".").map((part) => atob(part.replaceAll("-", "+").replaceAll("_", "/")));
    expect(parts.join("")).not.toContain('"after"');
    expect(given.length).toBeLessThan(600);
  });

  it("open for the one search of the one caller: not for another subject, resource, action, context or limit", async () => {
    const { gate, ask, token: given } = await first();
    const page = { token: given };
    expect((await ask("search/resource", searches(owner, page))).status).toBe(200);
    for (const changed of [
      searches(stranger, page),
      { ...searches(owner, page), action: { name: "write" } },
      { ...searches(owner, page), resource: { type: "other" } },
      { ...searches(owner, page), context: { address: "192.0.2.1" } },
      searches(owner, { ...page, limit: 2 }),
    ]) {
      expect(await codeOf(await ask("search/resource", changed)), JSON.stringify(changed)).toBe(
        "400 page_token_invalid",
      );
    }
    const other = await authzenCaller(gate);
    expect(await codeOf(await other.ask("search/resource", searches(owner, page)))).toBe("400 page_token_invalid");
    const subjects = {
      subject: { type: "user" },
      action: { name: "read" },
      resource: { type: "record", id: "1" },
      page,
    };
    expect(await codeOf(await ask("search/subject", subjects))).toBe("400 page_token_invalid");
  });

  it("that are made up are none", async () => {
    const { ask, token: given } = await first();
    const middle = Math.floor(given.length / 2);
    const flipped = `${given.slice(0, middle)}${given[middle] === "A" ? "B" : "A"}${given.slice(middle + 1)}`;
    const plain = btoa(JSON.stringify({ after: null, limit: 1, atMs: Date.now() }));
    for (const token of [flipped, plain, "x", given.slice(0, -1), "a.b.c.d.e", "x".repeat(5_000)]) {
      expect(await codeOf(await ask("search/resource", searches(owner, { token }))), token).toBe(
        "400 page_token_invalid",
      );
    }
  });
});

describe("what cannot be known is never answered", () => {
  const down = () => Promise.reject(new Outage("issuer", { cause: "down" }));

  it.each(["findSubjects", "checkRelations", "relatedIds"] as const)(
    "%s fails: 503, and no decision",
    async (method) => {
      const { ask } = await world({ search: {} }, { reader: (real) => ({ ...real, [method]: down }) });
      const [path, body] = method === "relatedIds" ? ["search/resource", searches(owner)] : ["evaluation", asks(owner)];
      const response = await ask(path, body);
      expect(await codeOf(response)).toBe("503 temporarily_unavailable");
      expect(logs.events("access_evaluated")).toEqual([]);
    },
  );

  it("without the edge feed: 503", async () => {
    const { ask } = await world({}, { reader: (real) => ({ ...real, pull: down }) });
    expect(await codeOf(await ask("evaluation", asks(owner)))).toBe("503 temporarily_unavailable");
  });

  it("a decision that has to be on record first, and is not: 503", async () => {
    const broken = { send: down, sendBatch: down } as unknown as Queue;
    const { ask } = await world({ audit: "required" }, { env: { AUDIT: broken } });
    expect(await codeOf(await ask("evaluation", asks(owner)))).toBe("503 temporarily_unavailable");
  });
});
