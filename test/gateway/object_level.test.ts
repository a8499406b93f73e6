import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { actionConfig } from "../support/action_config.ts";
import { type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install, type RequestWishes } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

/*
 * Item 187: a caller with a good token, and objects of others. Each case is a way in which gates are walked round: the origin, which is there to act
 * on whatever reaches it, must never see a call about an object that is not the caller's.
 */
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;
let installed: ReturnType<typeof install> | null = null;
const gate = () => {
  installed ??= install({ config: actionConfig() });
  return installed;
};
const OWNERS: Readonly<Record<string, string>> = {
  mine: "usr_alice",
  mine2: "usr_alice",
  theirs: "usr_bob",
  "7": "usr_alice",
};

beforeAll(async () => {
  ring = await ringKey();
});

beforeEach(() => {
  installed = null;
  network.origin((request) => {
    const [, id = ""] = /^\/internal\/documents\/([^/?]+)$/.exec(new URL(request.url).pathname) ?? [];
    if (id === "") return Response.json({ from: "origin" });
    const owner = OWNERS[decodeURIComponent(id)];
    return owner === undefined ? new Response(null, { status: 404 }) : Response.json({ owner });
  });
});

async function call(path: string, init: RequestWishes = {}) {
  const headers = {
    authorization: `Bearer ${await token(ring, { sub: "usr_alice", client_id: "web" })}`,
    ...init.headers,
  };
  const response = await gate().fetch(path, { ...init, headers });
  const told: { code?: string } = await response.json();
  const reached = network.originCalls.filter(({ url }) => !url.includes("/internal/"));
  return { status: response.status, code: told.code, reached: reached.length, told };
}

function json(path: string, body: string, headers: Record<string, string> = {}) {
  return call(path, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

describe("item 187: one's own passes, by every way of naming it", () => {
  it.each<[string, () => ReturnType<typeof call>]>([
    ["the path", () => call("/hidden/mine")],
    ["the query", () => call("/by-query?id=mine")],
    ["several in the query", () => call("/by-list?ids=mine,mine2")],
    ["the body", () => json("/by-body", '{"document":{"id":"mine"}}')],
    ["a batch", () => json("/batch", '{"items":[{"id":"mine"},{"id":"mine2"}]}')],
    ["a number", () => json("/numbers", '{"id":7}')],
  ])("%s", async (_, send) => {
    expect(await send()).toMatchObject({ status: 200, reached: 1 });
  });

  it("the origin gets the bytes that were decided on", async () => {
    const sent = '{ "document" : {"id":"\\u006dine"}, "n": 1.0 }';
    let received = "";
    network.origin(async (request) => {
      if (request.url.includes("/internal/")) return Response.json({ owner: "usr_alice" });
      received = await request.text();
      return Response.json({});
    });
    expect((await json("/by-body", sent)).status).toBe(200);
    expect(received).toBe(sent);
  });
});

describe("item 187: what is another's never reaches the origin", () => {
  it.each<[string, () => ReturnType<typeof call>, number]>([
    ["in the path", () => call("/hidden/theirs"), 404],
    ["in the path, encoded", () => call("/hidden/%74heirs"), 404],
    ["in the query", () => call("/by-query?id=theirs"), 403],
    ["in the query, encoded", () => call("/by-query?id=%74heirs"), 403],
    ["behind one's own", () => call("/by-list?ids=mine,theirs"), 403],
    ["in the body", () => json("/by-body", '{"document":{"id":"theirs"}}'), 403],
    ["in the body, with escapes", () => json("/by-body", '{"document":{"id":"\\u0074heirs"}}'), 403],
    ["in a batch, last", () => json("/batch", '{"items":[{"id":"mine"},{"id":"theirs"}]}'), 403],
    ["in a batch, first", () => json("/batch", '{"items":[{"id":"theirs"},{"id":"mine"}]}'), 403],
    ["what does not exist, hidden as another's is", () => call("/hidden/none"), 404],
    ["what does not exist", () => call("/by-query?id=none"), 403],
  ])("%s", async (_, send, status) => {
    expect(await send()).toMatchObject({ status, reached: 0 });
  });

  it.each<[string, () => ReturnType<typeof call>]>([
    ["a parameter twice", () => call("/by-query?id=mine&id=theirs")],
    ["as a list to PHP", () => call("/by-query?id=mine&id[]=theirs")],
    ["in capitals", () => call("/by-query?id=mine&ID=theirs")],
    ["no parameter: maybe all", () => call("/by-query")],
    ["nothing between commas", () => call("/by-list?ids=mine,")],
    ["a comma that only some decode", () => call("/by-list?ids=mine%2Ctheirs")],
    ["a member twice", () => json("/by-body", '{"document":{"id":"mine","id":"theirs"}}')],
    ["a member in capitals", () => json("/by-body", '{"document":{"id":"mine","Id":"theirs"}}')],
    ["a member above in capitals", () => json("/by-body", '{"document":{"id":"mine"},"DOCUMENT":{"id":"theirs"}}')],
    ["a list for a text", () => json("/by-body", '{"document":{"id":["mine","theirs"]}}')],
    ["an object for a text", () => json("/by-body", '{"document":{"id":{"id":"mine"}}}')],
    ["no member: maybe all", () => json("/by-body", '{"document":{}}')],
    ["null", () => json("/by-body", '{"document":{"id":null}}')],
    ["a list of nothing: maybe all", () => json("/batch", '{"items":[]}')],
    ["an item without an id", () => json("/batch", '{"items":[{"id":"mine"},{"name":"x"}]}')],
    ["a text for a number", () => json("/numbers", '{"id":"7"}')],
    ["a number with a fraction", () => json("/numbers", '{"id":7.9}')],
    ["a number that rounds", () => json("/numbers", '{"id":7.0000000000000000001}')],
    ["no body", () => call("/by-body", { method: "POST" })],
    ["an empty body", () => json("/by-body", "")],
    ["no JSON", () => json("/by-body", "document=mine")],
    ["two documents", () => json("/by-body", '{"document":{"id":"mine"}}{"document":{"id":"theirs"}}')],
    [
      "more than are decided on",
      () => json("/batch", JSON.stringify({ items: Array.from({ length: 101 }, () => ({ id: "mine" })) })),
    ],
    [
      "deeper than is looked",
      () => json("/by-body", `{"document":{"id":"mine"},"x":${"[".repeat(40)}${"]".repeat(40)}}`),
    ],
  ])("what has more than one reading is refused: %s", async (_, send) => {
    expect(await send()).toMatchObject({ status: 400, reached: 0 });
  });

  it.each<[string, Record<string, string>]>([
    ["a form", { "content-type": "application/x-www-form-urlencoded" }],
    ["another charset", { "content-type": "application/json; charset=utf-16" }],
    ["a coding", { "content-encoding": "gzip" }],
    ["two types", { "content-type": "application/json, text/plain" }],
    ["JSON in disguise", { "content-type": "text/plain" }],
  ])("a body that others would read in another way is not taken: %s", async (_, headers) => {
    expect(await json("/by-body", '{"document":{"id":"mine"}}', headers)).toMatchObject({ status: 415, reached: 0 });
  });

  it("the path says one and the body another", async () => {
    const put = (path: string, body: string) =>
      call(path, { method: "PUT", body, headers: { "content-type": "application/json" } });
    expect(await put("/documents/mine", '{"id":"theirs"}')).toMatchObject({
      status: 400,
      code: "resource_unclear",
      reached: 0,
    });
    expect(await put("/documents/mine", "{}")).toMatchObject({ status: 400, reached: 0 });
  });
});

describe("what callers and operators learn", () => {
  it("the caller of a hidden object hears what the caller of no route hears", async () => {
    const absent = await call("/hidden/none");
    const others = await call("/hidden/theirs");
    const nowhere = await call("/nowhere");
    const plain = ({ told }: Awaited<ReturnType<typeof call>>) => ({ ...told, request_id: "" });
    expect(plain(absent)).toEqual(plain(nowhere));
    expect(plain(others)).toEqual(plain(nowhere));
  });

  it("neither rule nor attribute is told, and the log has one line with the rule", async () => {
    const { told } = await call("/by-query?id=theirs");
    expect(told).toEqual({
      type: "urn:sallyport:problem:forbidden",
      status: 403,
      code: "forbidden",
      title: "Forbidden",
      request_id: expect.any(String),
    });
    expect(logs.events("decision").at(-1)).toMatchObject({ outcome: "denied", reason: "no_rule_allows", rules: [] });
    await call("/hidden/mine");
    expect(logs.events("decision").at(-1)).toMatchObject({ outcome: "allowed", rules: ["owner-shares"] });
  });

  it("a rule that denies is named to operators alone", async () => {
    const response = await gate().fetch("/by-query?id=mine", {
      headers: { authorization: `Bearer ${await token(ring, { sub: "usr_alice", client_id: "web" })}` },
      cf: { country: "T1" },
    });
    expect([response.status, await response.text()]).toEqual([403, expect.not.stringContaining("tor")]);
    expect(logs.events("decision").at(-1)).toMatchObject({ reason: "rule_denied", rules: ["not-from-tor"] });
  });

  it("without a token nobody is told whether there is something", async () => {
    expect((await gate().fetch("/hidden/none")).status).toBe(401);
    expect((await gate().fetch("/hidden/mine")).status).toBe(401);
  });
});

describe("attributes that the call tells, and rules that name the body", () => {
  it.each<[string, string, number]>([
    ["small and harmless", '{"amount":12.5,"items":[{"kind":"book"}]}', 200],
    ["too large", '{"amount":1000.5,"items":[{"kind":"book"}]}', 403],
    ["no amount: the rule fails", '{"items":[{"kind":"book"}]}', 403],
    ["an amount as text", '{"amount":"12","items":[]}', 400],
    ["something in it that the rule forbids", '{"amount":1.5,"items":[{"kind":"book"},{"kind":"weapon"}]}', 403],
    ["no items: the rule fails", '{"amount":1.5}', 403],
  ])("an order that is %s", async (_, body, status) => {
    expect(await json("/new-orders", body)).toMatchObject({ status, reached: status === 200 ? 1 : 0 });
  });

  it("a rule that failed says so to operators", async () => {
    await json("/new-orders", '{"amount":1.5}');
    const line = logs.events("decision").at(-1);
    expect(line).toMatchObject({ reason: "rule_failed", rules: ["small-orders"] });
    expect(JSON.stringify(line)).toContain("small-orders: ");
  });

  it("an action about no resource", async () => {
    expect(await call("/all-orders")).toMatchObject({ status: 200 });
  });
});

describe("where somebody else carries calls out", () => {
  const ask = async (method: string, url: string) =>
    gate().authorize({
      method,
      url: `https://api.test${url}`,
      headers: [
        ["authorization", `Bearer ${await token(ring, { sub: "usr_alice", client_id: "web" })}`],
        ...(method === "POST" ? [["content-length", "2"] as const] : []),
      ],
    });

  it("what is named in the path is decided on as everywhere", async () => {
    expect(await ask("GET", "/hidden/mine")).toMatchObject({ allowed: true });
    expect(await ask("GET", "/hidden/theirs")).toMatchObject({ allowed: false, status: 404 });
    expect(await ask("GET", "/by-query?id=theirs")).toMatchObject({ allowed: false, status: 403 });
  });

  it("what is named in the body is decided on by nobody, and refused", async () => {
    const refused = await ask("POST", "/by-body");
    expect(refused).toMatchObject({ allowed: false, status: 403, code: "bodies_not_seen" });
    expect(refused.allowed ? "" : refused.body).toContain("bodies_not_seen");
  });
});
