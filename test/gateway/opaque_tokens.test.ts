// Long because one world, an issuer that is asked about its tokens, serves every way in which it may answer.
import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Environment, readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { eventually } from "../support/eventually.ts";
import { bearer, newKey, token } from "../support/forge.ts";
import { gatewayConfig, RESOURCE } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

type Trusted = ConfigInput["gateway"]["trustedIssuers"][number];
type Json = Readonly<Record<string, unknown>>;

const START = Date.parse("2026-11-09T00:00:00Z");
const OPAQUE = "https://opaque.example";
const URL = `${OPAQUE}/introspect`;
const SECRET = secret("s3cret/with:signs");
const nowSeconds = () => Math.floor(Date.now() / 1000);

const logs = captureLogs();
const network = stubNetwork();

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

function gateWith(changes: Partial<NonNullable<Trusted["introspection"]>> = {}, trusted: Partial<Trusted> = {}) {
  const config = gatewayConfig();
  const introspection = { url: URL, clientId: "gate:1", secretBinding: "OPAQUE_SECRET", ...changes };
  const trustedIssuers = [...config.gateway.trustedIssuers, { issuer: OPAQUE, introspection, ...trusted }];
  const bound: Environment & Json = { ...readBindings(env), KEY_SETS: null, OPAQUE_SECRET: SECRET };
  return install({ config: { ...config, gateway: { ...config.gateway, trustedIssuers } }, env: bound });
}

const active = (changes: Json = {}) => ({
  active: true,
  sub: "u1",
  client_id: "web",
  aud: RESOURCE,
  scope: "orders:read",
  token_type: "Bearer",
  exp: nowSeconds() + 600,
  ...changes,
});

let asked: string[] = [];
let askedWith: Headers | null = null;

/** A server that is asked, and answers with `answer`. */
function serve(answer: (token: string) => Json | Response | Promise<Response>) {
  asked = [];
  network.serve(OPAQUE, async (request) => {
    const text = String((await request.formData()).get("token"));
    asked.push(text);
    askedWith = request.headers;
    const answered = await answer(text);
    return answered instanceof Response ? answered : Response.json(answered);
  });
}

let made = 0;
const opaque = (prefix = "") => secret(`${prefix}opaque-token-${made++}`);

async function statusOf(gate: Installation, value: string): Promise<number> {
  return (await gate.fetch("/orders", { headers: bearer(value) })).status;
}

async function reasonOf(gate: Installation, value: string): Promise<unknown> {
  expect(await statusOf(gate, value)).toBe(401);
  return logs.lastDecision?.reason;
}

describe("RFC 7662: opaque tokens, by asking their issuer", () => {
  it("an active one opens a route, as whoever the issuer says; the gate proves itself", async () => {
    serve(() => active({ roles: ["clerk"] }));
    const gate = gateWith();
    expect(await statusOf(gate, opaque())).toBe(200);
    expect(askedWith?.get("authorization")).toBe(`Basic ${btoa("gate%3A1:s3cret%2Fwith%3Asigns")}`);
    const identity = decodeJwt(secret(network.originCalls[0]?.headers.get("sallyport-identity") ?? ""));
    expect(identity).toMatchObject({ sub: "u1", sub_iss: OPAQUE, client_id: "web", roles: ["clerk"] });
    expect(JSON.stringify(logs.lastDecision)).toMatch(/"sha256:[\w-]{22}"/);
  });

  it("with client_secret_post the secret goes with the form", async () => {
    const bodies: FormData[] = [];
    network.serve(OPAQUE, async (request) => {
      bodies.push(await request.formData());
      return Response.json(active());
    });
    expect(await statusOf(gateWith({ authMethod: "client_secret_post" }), opaque())).toBe(200);
    const sent = ["client_id", "client_secret", "token_type_hint"].map((name) => bodies[0]?.get(name));
    expect(sent).toEqual(["gate:1", SECRET, "access_token"]);
  });

  it("a token without a subject is its client's", async () => {
    serve(() => active({ sub: undefined }));
    expect(await statusOf(gateWith(), opaque())).toBe(200);
    const identity = decodeJwt(secret(network.originCalls[0]?.headers.get("sallyport-identity") ?? ""));
    expect(identity).toMatchObject({ sub: "web", principal: "client" });
  });

  it("claims are mapped and demanded as those of a JWT", async () => {
    serve(() => active({ tenant: "t1", realm: { roles: ["a"] } }));
    const good = gateWith({}, { requiredClaims: { tenant: "t1" }, claims: { roles: "/realm/roles" } });
    expect(await statusOf(good, opaque())).toBe(200);
    expect(await reasonOf(gateWith({}, { requiredClaims: { tenant: "t2" } }), opaque())).toBe("token_claim_required");
  });
});

describe("how often the issuer is asked", () => {
  it("once for 30 calls at once, and not again until the answer is as old as it may be", async () => {
    serve(() => active());
    const gate = gateWith({ cacheSeconds: 30 });
    const value = opaque();
    const statuses = await Promise.all(Array.from({ length: 30 }, () => statusOf(gate, value)));
    expect(statuses).toEqual(Array(30).fill(200));
    vi.setSystemTime(START + 29_999);
    expect(await statusOf(gate, value)).toBe(200);
    expect(asked).toEqual([value]);
    vi.setSystemTime(START + 30_000);
    expect(await statusOf(gate, value)).toBe(200);
    expect(asked).toEqual([value, value]);
  });

  it("one that is revoked is refused when its answer is over", async () => {
    let isActive = true;
    serve(() => (isActive ? active() : { active: false }));
    const gate = gateWith({ cacheSeconds: 30 });
    const value = opaque();
    expect(await statusOf(gate, value)).toBe(200);
    isActive = false;
    vi.setSystemTime(START + 30_000);
    expect(await reasonOf(gate, value)).toBe("token_inactive");
  });

  it("never past the token's own end", async () => {
    serve(() => active({ exp: START / 1000 + 5 }));
    const gate = gateWith();
    const value = opaque();
    expect(await statusOf(gate, value)).toBe(200);
    vi.setSystemTime(START + 5_000);
    expect(await reasonOf(gate, value)).toBe("token_expired");
  });

  it("a negative answer, and one for another API, are remembered for a moment", async () => {
    serve((text) => (text.startsWith("dead") ? { active: false } : active({ aud: "urn:other" })));
    const gate = gateWith();
    const [dead, other] = [opaque("dead"), opaque("other")];
    for (let call = 0; call < 5; call++) {
      expect(await reasonOf(gate, dead)).toBe("token_inactive");
      expect(await reasonOf(gate, other)).toBe("token_audience_wrong");
    }
    expect(asked).toEqual([dead, other]);
    vi.setSystemTime(START + 10_000);
    expect(await reasonOf(gate, dead)).toBe("token_inactive");
    expect(asked).toHaveLength(3);
  });

  it("no more than 64 questions at once: then 503", async () => {
    const waiting: (() => void)[] = [];
    serve(() => new Promise((resolve) => waiting.push(() => resolve(Response.json(active())))));
    const gate = gateWith({ deadlineMs: 5_000 });
    const first = Array.from({ length: 64 }, () => statusOf(gate, opaque()));
    await eventually(() => expect(waiting).toHaveLength(64));
    expect(await statusOf(gate, opaque())).toBe(503);
    for (const answer of waiting) answer();
    expect(await Promise.all(first)).toEqual(Array(64).fill(200));
  });
});

describe("what is not asked about", () => {
  it("JWTs of anybody, our own secrets, and what is too long", async () => {
    serve(() => active());
    const gate = gateWith();
    const key = await newKey();
    expect(await reasonOf(gate, await token(key, { iss: OPAQUE }))).toBe("token_issuer_unknown");
    for (const value of ["a.b.c", "eyJhbGciOiJkaXIifQ.a.b.c.d", "x".repeat(4_097)]) {
      expect(await reasonOf(gate, secret(value))).toBe("token_malformed");
    }
    for (const prefix of ["spc_", "spr_", "sps_", "spd_", "sk_live_", "pk_test_"]) {
      expect(await reasonOf(gate, opaque(prefix))).toBe("token_malformed");
    }
    expect(asked).toEqual([]);
  });

  it("tokens that begin otherwise than this issuer's", async () => {
    serve(() => active());
    const gate = gateWith({ tokenPrefix: "ory_at_" });
    expect(await statusOf(gate, opaque("ory_at_"))).toBe(200);
    expect(await reasonOf(gate, opaque("gho_"))).toBe("token_malformed");
    expect(asked).toHaveLength(1);
  });

  it("nothing, where nobody is configured to be asked", async () => {
    expect(await reasonOf(install(), opaque())).toBe("token_malformed");
    expect(network.calls).toEqual([]);
  });
});

describe("a server that lies", () => {
  it.each<[string, Json, string]>([
    ["active without an end", { exp: undefined }, "token_claims_malformed"],
    ["active without an audience", { aud: undefined }, "token_claims_malformed"],
    ["active without a client", { client_id: undefined }, "token_claims_malformed"],
    ["an end as text", { exp: "9999999999" }, "token_claims_malformed"],
    ["another API's", { aud: ["urn:other"] }, "token_audience_wrong"],
    ["another issuer's", { iss: "https://evil.example" }, "token_issuer_wrong"],
    ["active though it ended", { exp: START / 1000 - 1 }, "token_expired"],
    ["begun tomorrow", { nbf: START / 1000 + 86_400 }, "token_not_yet_valid"],
    ["a refresh token's", { token_type: "refresh_token" }, "token_type_wrong"],
    ["a refresh token's, told by its use", { token_use: "refresh_token" }, "token_type_wrong"],
    ["a refresh token's, told by its kind", { typ: "Refresh" }, "token_type_wrong"],
    ["bound to a key", { token_type: "DPoP" }, "token_type_wrong"],
    ["bound to a key by its confirmation", { cnf: { jkt: "x" } }, "token_sender_constrained"],
    ["bound to no certificate that there could be", { cnf: { "x5t#S256": "x" } }, "token_confirmation_malformed"],
    ["a scope that reads as two roles", { roles: "a\nb" }, "token_claims_malformed"],
  ])("%s: 401", async (_, changes, reason) => {
    serve(() => active(changes));
    expect(await reasonOf(gateWith(), opaque())).toBe(reason);
    expect(network.originCalls).toEqual([]);
  });
});

describe("a server that is down, slow or garbage: 503, and nobody passes", () => {
  it.each<[string, () => Response | Promise<Response>]>([
    ["500", () => new Response("trace", { status: 500 })],
    ["our credentials are refused", () => Response.json({ error: "invalid_client" }, { status: 401 })],
    ["a redirect", () => Response.redirect("https://evil.example/introspect", 307)],
    ["a network error", () => Promise.reject(new TypeError("reset"))],
    ["no JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
    ["a JWT", () => new Response("e30", { headers: { "content-type": "application/token-introspection+jwt" } })],
    ["a list", () => Response.json([])],
    ["nothing of activity", () => Response.json({ sub: "u1" })],
    ["active as text", () => Response.json({ ...active(), active: "true" })],
    ["65 kB", () => Response.json({ ...active(), padding: "x".repeat(65 * 1024) })],
  ])("%s", async (_, answer) => {
    serve(async () => answer());
    const gate = gateWith();
    expect(await statusOf(gate, opaque())).toBe(503);
    expect(network.originCalls).toEqual([]);
    expect(network.calls.some(({ url }) => url.includes("evil"))).toBe(false);
    serve(() => active());
    expect(await statusOf(gate, opaque()), "well again").toBe(200);
  });

  it("silent: for as long as its deadline; a token in memory goes on meanwhile, until its answer is over", async () => {
    serve(() => active());
    const gate = gateWith({ deadlineMs: 100, cacheSeconds: 30 });
    const known = opaque();
    expect(await statusOf(gate, known)).toBe(200);
    serve(() => new Promise(() => undefined));
    expect(await statusOf(gate, opaque())).toBe(503);
    expect(await statusOf(gate, known)).toBe(200);
    vi.setSystemTime(START + 30_000);
    expect(await statusOf(gate, known)).toBe(503);
  });
});

describe("a server that keeps failing is left alone", () => {
  const failing = () => new Response("trace", { status: 500 });

  /** Sends `calls` new tokens, one after the other; their statuses. */
  async function send(gate: Installation, calls: number): Promise<readonly number[]> {
    const statuses: number[] = [];
    for (let call = 0; call < calls; call++) statuses.push(await statusOf(gate, opaque()));
    return statuses;
  }

  it("after ten failures: nobody waits for it, and tokens in memory go on", async () => {
    serve(() => active());
    const gate = gateWith({ cacheSeconds: 30 });
    const known = opaque();
    expect(await statusOf(gate, known)).toBe(200);
    serve(failing);
    expect(await send(gate, 12)).toEqual(Array(12).fill(503));
    expect(asked).toHaveLength(9);
    expect(logs.events("breaker_opened")).toMatchObject([{ issuer: OPAQUE }]);
    expect(await statusOf(gate, known)).toBe(200);
  });

  it("for five seconds; then one question tries it out, and opens it for all or for nobody", async () => {
    serve(failing);
    const gate = gateWith();
    await send(gate, 10);
    vi.setSystemTime(START + 4_999);
    expect([await send(gate, 1), asked.length]).toEqual([[503], 10]);
    vi.setSystemTime(START + 5_000);
    expect([await send(gate, 2), asked.length]).toEqual([[503, 503], 11]);
    serve(() => active());
    vi.setSystemTime(START + 10_000);
    expect([await send(gate, 3), asked.length]).toEqual([[200, 200, 200], 3]);
  });

  it("but not because of what callers send: a refused question says nothing of it", async () => {
    serve((text) => (text.startsWith("odd") ? new Response("", { status: 400 }) : active()));
    const gate = gateWith();
    for (let call = 0; call < 20; call++) expect(await statusOf(gate, opaque("odd"))).toBe(503);
    expect(await statusOf(gate, opaque())).toBe(200);
  });

  it("and other issuers are asked all the same, also while its questions hang", async () => {
    const other = "https://other.example";
    const config = gatewayConfig();
    const asking = (issuer: string, tokenPrefix: string) => ({
      issuer,
      introspection: { url: `${issuer}/introspect`, clientId: "gate", secretBinding: "OPAQUE_SECRET", tokenPrefix },
    });
    const trustedIssuers = [...config.gateway.trustedIssuers, asking(OPAQUE, "a_"), asking(other, "b_")];
    const bound: Environment & Json = { ...readBindings(env), KEY_SETS: null, OPAQUE_SECRET: SECRET };
    const gate = install({ config: { ...config, gateway: { ...config.gateway, trustedIssuers } }, env: bound });
    const waiting: (() => void)[] = [];
    serve(() => new Promise((resolve) => waiting.push(() => resolve(failing()))));
    network.serve(other, () => Response.json(active()));
    const hung = Array.from({ length: 64 }, () => statusOf(gate, opaque("a_")));
    await eventually(() => expect(waiting).toHaveLength(64));
    expect(await statusOf(gate, opaque("b_"))).toBe(200);
    for (const answer of waiting) answer();
    expect(await Promise.all(hung)).toEqual(Array(64).fill(503));
    expect(await statusOf(gate, opaque("b_"))).toBe(200);
  });
});
