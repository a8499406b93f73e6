import { Hono } from "hono";
import { expect } from "vitest";
import { PROXY_SECRET_FIELD } from "../../src/authorizer/forward_auth.ts";
import type { Environment } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { fromBase64url, fromUtf8 } from "../../src/kernel/bytes.ts";
import { type SallyportEnv, sallyport } from "../../src/middleware/sallyport.ts";
import { GATEWAY_URL, gatewayConfig } from "./gateway_config.ts";
import { type Installation, type InstallationWishes, install } from "./install.ts";
import { secret } from "./logs.ts";
import type { StubNetwork } from "./network.ts";

/** What proxies of these tests prove themselves by. */
export const PROXY_SECRET = secret("a secret of the proxy, of thirty-two bytes");
export const FORMER_SECRET = secret("the secret that the proxy had before, as long");
export const CALLER_ADDRESS = "203.0.113.7";

export type ForwardAuthInput = NonNullable<ConfigInput["gateway"]["forwardAuth"]>;

/** The test installation where proxies may ask. */
export function installForProxies(
  wishes: InstallationWishes = {},
  forwardAuth: Partial<ForwardAuthInput> = {},
  gateway: Partial<ConfigInput["gateway"]> = {},
): Installation {
  const config = wishes.config ?? gatewayConfig();
  const secretBindings = ["PROXY_SECRET", "PROXY_SECRET_BEFORE"];
  const secrets = { PROXY_SECRET, PROXY_SECRET_BEFORE: FORMER_SECRET };
  return install({
    ...wishes,
    config: { ...config, gateway: { ...config.gateway, forwardAuth: { secretBindings, ...forwardAuth }, ...gateway } },
    env: { ...wishes.env, ...secrets } as Environment,
  });
}

/** A call as its caller makes it. */
export interface CallerCall {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a shape made of a call, in words that all shapes have. */
export interface ShapeAnswer {
  readonly status: number;
  /** Of the problem; null where the call passed. */
  readonly problem: Readonly<Record<string, unknown>> | null;
  /** What the caller is told in headers, by those that say something of the decision. */
  readonly told: Readonly<Record<string, string | null>>;
  /** The claims that whoever carries the call out receives; null where there is no identity. */
  readonly identity: Readonly<Record<string, unknown>> | null;
}

const TELLING = [
  "www-authenticate",
  "retry-after",
  "allow",
  "ratelimit",
  "ratelimit-policy",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "deprecation",
  "sunset",
  "link",
  "cache-control",
  "strict-transport-security",
  "content-type",
];

/** Asks one shape of `gate` about `call`. */
export type AskShape = (gate: Installation, call: CallerCall, network: StubNetwork) => Promise<ShapeAnswer>;

/** What a shape made of a call, as it was told. */
export interface RawAnswer {
  readonly response: Response;
  readonly passed: boolean;
  /** What whoever carries the call out receives; null for none. */
  readonly identity: string | null;
}

/** The headers by which a proxy of the form `X-Forwarded-*` asks about `call`. */
export function forwardedHeaders({ path, method = "GET", headers = {} }: CallerCall): Record<string, string> {
  const { "content-length": length, ...others } = headers;
  return {
    ...others,
    [PROXY_SECRET_FIELD]: PROXY_SECRET,
    "x-forwarded-method": method,
    "x-forwarded-proto": "https",
    "x-forwarded-host": new URL(GATEWAY_URL).host,
    "x-forwarded-uri": path,
    "x-forwarded-for": CALLER_ADDRESS,
    ...(length === undefined ? {} : { "x-forwarded-content-length": length }),
  };
}

/** Headers to be changed; one that is null is left out. */
export type Changes = Readonly<Record<string, string | null>>;

/** Asks at `door` as a proxy does about `GET path`. */
export function askAsProxy(
  gate: Installation,
  path: string,
  changes: Changes = {},
  door = "/_authz",
): Promise<Response> {
  const headers = { ...forwardedHeaders({ path }), ...changes };
  const sent = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  return gate.fetch(door, { headers: sent });
}

const asCaller = ({ path, method = "GET", headers = {} }: CallerCall) => {
  return { method, url: `${GATEWAY_URL}${path}`, headers: { "cf-connecting-ip": CALLER_ADDRESS, ...headers } };
};

/** The four shapes, the inline one first, and what each tells. */
export const RAW_SHAPES: Readonly<
  Record<ShapeName, (gate: Installation, call: CallerCall, network: StubNetwork) => Promise<RawAnswer>>
> = {
  gateway: async (gate, call, network) => {
    const { url, method, headers } = asCaller(call);
    const before = network.originCalls.length;
    const response = await gate.fetch(url, { method, headers });
    const sent = network.originCalls.slice(before).find((one) => !one.url.includes("/internal/"));
    return { response, passed: sent !== undefined, identity: sent?.headers.get("sallyport-identity") ?? null };
  },
  forward_auth: async (gate, call) => {
    const response = await gate.fetch("/_authz", { headers: forwardedHeaders(call) });
    const passed = response.status === 200;
    return { response, passed, identity: response.headers.get("sallyport-identity") || null };
  },
  rpc: async (gate, call) => {
    const { url, method, headers } = asCaller(call);
    const decision = await gate.authorize({ method, url, headers: new Headers(headers) });
    const told = decision.allowed ? decision.responseHeaders : decision.headers;
    const response = new Response(decision.allowed ? null : decision.body, {
      status: decision.allowed ? 200 : decision.status,
      headers: told.map(([name, value]) => [name, value]),
    });
    return { response, passed: decision.allowed, identity: decision.allowed ? decision.identity : null };
  },
  middleware: async (gate, call) => {
    const { url, method, headers } = asCaller(call);
    let identity: string | null = null;
    let passed = false;
    const app = new Hono<SallyportEnv>();
    app.use(sallyport({ authorizer: gate }));
    app.all("*", (c) => {
      identity = c.var.authorization.identity;
      passed = true;
      return new Response(null);
    });
    const response = await app.request(new Request(url, { method, headers }));
    return { response, passed, identity };
  },
};

export type ShapeName = "gateway" | "forward_auth" | "rpc" | "middleware";

const inWords =
  (shape: ShapeName): AskShape =>
  async (gate, call, network) =>
    answerOf(await RAW_SHAPES[shape](gate, call, network));

/** The four shapes, the inline one first, in words that all of them have. */
export const SHAPES: Readonly<Record<ShapeName, AskShape>> = {
  gateway: inWords("gateway"),
  forward_auth: async (gate, call, network) => {
    const raw = await RAW_SHAPES.forward_auth(gate, call, network);
    const answer = await answerOf(raw);
    // Each verdict is for one call. What may become of the origin's answer is not said with it on a public route.
    expect(answer.told["cache-control"]).toMatch(/^no-store/);
    const isPublic = raw.passed && answer.identity === null;
    return isPublic ? { ...answer, told: { ...answer.told, "cache-control": null } } : answer;
  },
  rpc: inWords("rpc"),
  middleware: inWords("middleware"),
};

async function answerOf({ response, passed, identity }: RawAnswer): Promise<ShapeAnswer> {
  const told = Object.fromEntries(TELLING.map((name) => [name, response.headers.get(name)]));
  const text = await response.text();
  const { request_id: id, ...problem } = passed ? {} : JSON.parse(text);
  if (!passed) expect(id).toBe(response.headers.get("x-request-id"));
  if (!passed) return { status: response.status, problem, told, identity: null };
  // Of what passed, the type of the answer and whether its host wants TLS are whoever's answer it is.
  return {
    status: response.status,
    problem: null,
    told: { ...told, "content-type": null, "strict-transport-security": null },
    identity: claimsOf(identity),
  };
}

function claimsOf(jwt: string | null): Record<string, unknown> | null {
  if (jwt === null) return null;
  const claims = fromUtf8(fromBase64url(jwt.split(".")[1] ?? "") ?? new Uint8Array());
  const { jti, ...others } = JSON.parse(claims ?? "{}");
  expect(jti).toMatch(/./);
  return others;
}
