import { env } from "cloudflare:workers";
import { type Environment, need, readBindings } from "../../../src/bindings.ts";
import { composeReader } from "../../../src/compose/control.ts";
import { composeRemoteUnlistedCallRecords } from "../../../src/compose/inventory.ts";
import { composeRemoteKeyUseRecords } from "../../../src/compose/keys.ts";
import { issuerStores } from "../../../src/compose/stores.ts";
import { composeRemoteReader } from "../../../src/compose.ts";
import { type ConfigInput, configSchema } from "../../../src/config/schema.ts";
import { openSession } from "../../../src/issuing/open_session.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import { newSessionId, newUserId, type UserId } from "../../../src/protocol/ids.ts";
import { authzenConfig, RECORDS } from "../authzen_config.ts";
import { related, storedUser } from "../authzen_world.ts";
import { type Breakable, breakable } from "../breakable.ts";
import { bearer, type ForgeKey, token } from "../forge.ts";
import { GATEWAY_URL, gatewayConfig, ISSUER_URL, PARTNER_URL } from "../gateway_config.ts";
import { type Installation, install } from "../install.ts";
import { newKeyWith, storedKey } from "../keys.ts";
import { secret } from "../logs.ts";
import { visitor } from "../people_world.ts";
import { SESSION_COOKIE } from "../session_gate.ts";
import type { GateCall, GateLie } from "./gate_rows.ts";
import type { Answer } from "./row.ts";

/** The usual gate beside its issuer, with sessions of browsers, with rules that others may ask about too, and routes that record and look for signals. */
function faultConfig(signals: "allow" | "deny"): ConfigInput {
  const config = authzenConfig(RECORDS, { search: {} });
  const get = { methods: ["GET" as const], origin: "main" };
  const trusted = config.gateway.trustedIssuers.map((one) =>
    one.issuer === ISSUER_URL ? { ...one, issuer: GATEWAY_URL } : one,
  );
  return {
    ...config,
    // A session's cookie goes to the issuer's own host alone.
    issuer: { ...config.issuer, url: GATEWAY_URL },
    gateway: { ...config.gateway, trustedIssuers: trusted, session: { scopes: ["orders:read"] } },
    signals: { newCountry: { action: "deny", learnSeconds: 60 }, ...(signals === "deny" ? { onUnknown: "deny" } : {}) },
    routes: [
      ...config.routes,
      { ...get, path: "/watched", signals: true },
      { ...get, path: "/recorded", audit: "all" },
      { ...get, path: "/recorded/first", audit: "required" },
      { ...get, path: "/records/:id", action: "record:read", resource: { id: { path: "id" } } },
      { ...get, path: "/session", credentials: ["session"] },
      { ...get, path: "/permitted", permissions: ["record:approve"] },
    ],
  };
}

/** Keys that sign for the gate, and somebody who may read two records. */
export interface Callers {
  readonly ring: ForgeKey;
  readonly partner: ForgeKey;
  readonly reader: string;
}

/** Stores somebody, and what they may read. */
export async function storedReader(): Promise<string> {
  const reader = await storedUser();
  await related(`record:1#viewer@user:${reader}`, `record:2#viewer@user:${reader}`);
  return reader;
}

/** One isolate of the gate, and its dependency `binding`, which a test breaks. */
export interface GateWorld {
  readonly gate: Installation;
  readonly broken: Breakable<object>;
  call(name: GateCall): Promise<Answer>;
}

/** What the authorizer of the pair reaches by a service binding, as its issuer would answer. */
const ENTRYPOINTS: Readonly<Record<string, () => object>> = {
  ISSUER: () => composeReader(env),
  KEY_USES: () => ({ note: async () => undefined }),
  UNLISTED_CALLS: () => ({ note: async () => undefined }),
};

/** Opens an isolate whose `binding` is missing, or can be broken. Throws `DeploymentFault` where it cannot be without. */
export function openGateWorld(
  binding: string,
  isMissing: boolean,
  signals: "allow" | "deny",
  heard: () => void,
  { ring, partner, reader }: Callers,
): GateWorld {
  const real = ENTRYPOINTS[binding]?.() ?? need(readBindings(env), binding as "DB");
  const broken = breakable(real as object, heard);
  const bound = { ...readBindings(env), KEY_SETS: null, [binding]: isMissing ? null : broken.binding } as Environment;
  const gate = install({
    config: faultConfig(signals),
    env: bound,
    ...(binding === "ISSUER" ? { reader: () => composeRemoteReader(bound) } : {}),
    ...(binding === "KEY_USES" ? { uses: composeRemoteKeyUseRecords(bound) } : {}),
    ...(binding === "UNLISTED_CALLS" ? { unlisted: composeRemoteUnlistedCallRecords(bound) } : {}),
  });
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await gate.fetch(path, { headers, cf: { country: "AT" } });
    if (response.status === 200) {
      await response.body?.cancel();
      return "200";
    }
    const { code } = await response.json<{ code: string }>();
    return `${response.status} ${code}`;
  };
  const own = (claims: Readonly<Record<string, unknown>> = {}) => token(ring, { iss: GATEWAY_URL, ...claims });
  const known = { key: storedKey(), token: own(), session: openedSession(reader) };
  const readerToken = own({ sub: reader, client_id: "web" });
  /** A question by AuthZEN, whose answer has to hold `wanted`. */
  const authzen = async (path: string, body: object, wanted: string): Promise<Answer> => {
    const { key } = await storedKey({ scopes: ["authz:evaluate"] });
    const response = await gate.fetch(`/access/v1/${path}`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({ subject: { type: "user", id: reader }, action: { name: "read" }, ...body }),
    });
    const text = await response.text();
    if (response.status === 200) return text.includes(wanted) ? "200" : "200 wrong";
    return `${response.status} ${(JSON.parse(text) as { code: string }).code}`;
  };
  const withKey = async (path: string, key: Promise<{ readonly key: string }>) =>
    ask(path, { "x-api-key": (await key).key });
  const withToken = async (path: string, value: Promise<string>) => ask(path, bearer(await value));
  const withSession = async (cookie: Promise<string>) =>
    ask("/session", { cookie: `${SESSION_COOKIE}=${await cookie}` });
  const calls: Readonly<Record<GateCall, () => Promise<Answer>>> = {
    "an API key that is new to the isolate": () => withKey("/whoami", storedKey()),
    "an API key that was used before": () => withKey("/whoami", known.key),
    "an API key that was made just now": () => withKey("/whoami", announcedKey()),
    "a token that is new to the isolate": () => withToken("/whoami", own()),
    "a token that was used before": () => withToken("/whoami", known.token),
    "a token of another issuer": () => withToken("/whoami", token(partner, { iss: PARTNER_URL })),
    "a public route": () => ask("/public/health"),
    "a call without a credential": async () => ((await ask("/whoami")) === "401 unauthenticated" ? "200" : "500"),
    "a route with a limit": () => withToken("/limited/ping", own()),
    "a route whose limit says `onUnavailable: allow`": () => withToken("/limited/allow", own()),
    "a route whose limit says `onUnavailable: local`": () => withToken("/limited/local", own()),
    "an API key with credits": () =>
      withKey(
        "/whoami",
        storedKey({ terms: { credits: { amount: 9, refill: null, series: 1, startedAtMs: Date.now() } } as never }),
      ),
    "a route that looks for signals": () => withToken("/watched", own()),
    "a route that looks for signals, `onUnknown: deny`": () => withToken("/watched", own()),
    "a route with `audit: all`": () => withToken("/recorded", known.token),
    "a route with `audit: required`": () => withToken("/recorded/first", known.token),
    "a rule that asks for relations": () => withToken("/records/1", readerToken),
    "a rule whose relations were asked for before": () => withToken("/records/2", readerToken),
    "a route that demands a permission": () => withToken("/permitted", readerToken),
    "a question by AuthZEN": () => authzen("evaluation", { resource: { type: "record", id: "2" } }, '"decision":true'),
    "a search by AuthZEN": () => authzen("search/resource", { resource: { type: "record" } }, '"id":"1"'),
    "a session that is new to the isolate": () => withSession(openedSession(reader)),
    "a session that was used before": () => withSession(known.session),
    "the identity key set": () => ask("/.well-known/sallyport/identity-jwks.json"),
    "a path that no route lists": () => ask("/nowhere"),
  };
  return { gate, broken, call: (name) => calls[name]() };
}

async function announcedKey() {
  const made = await newKeyWith();
  const entry = { kind: "api_key" as const, id: made.hash, epoch: 1, untilMs: Date.now() + 300_000 };
  await need(readBindings(env), "EDGE_FEED").getByName("one").append([entry]);
  return made;
}

/** The cookie of a session of `user`, which was opened just now. */
async function openedSession(user: string): Promise<string> {
  const { accounts, grantSecrets } = issuerStores(readBindings(env));
  const { issuer } = configSchema.parse(gatewayConfig());
  const people = { accounts, secrets: grantSecrets(), random: platformRandom, settings: issuer };
  const opened = await openSession(user as UserId, visitor(), null, null, people, Date.now());
  if (!opened.ok) throw new Error(opened.error);
  secret(opened.value.token);
  return opened.value.token;
}

const SUBJECT = {
  id: "usr_x",
  scopes: [],
  roles: ["admin"],
  assignments: [],
  attributes: {},
  disabled: false,
  expiresAtMs: null,
};
const statement = {
  bind: () => statement,
  first: async () => ({ id: 7, scopes: "all of them", disabled: "no" }),
  all: async () => ({ results: [{ id: 7, scopes: "all of them", disabled: "no" }] }),
};
/** More than anybody asks for; what a service binding carries at most is not much more. */
const MANY = 100_000;

const SESSION_ID = newSessionId(platformRandom);
const SIGN_IN = { authTimeMs: 1, amr: ["pwd"], acr: null, endsAtMs: Date.parse("2100-01-01T00:00:00Z") };
/** A session as the account tells it, and as the issuer does. */
const LIVE = { ...SIGN_IN, id: SESSION_ID, accountEpoch: 1 };
const STANDING = { ...SIGN_IN, sessionId: SESSION_ID, userId: newUserId(platformRandom), userEpoch: 1 };
const streamed = (value: unknown) => new Response(JSON.stringify(value)).body;

/** What each lie is, by the method that is asked. */
export const GATE_LIES: Readonly<Record<GateLie, (method: string) => unknown>> = {
  "a value without end": () => {
    const filler = new TextEncoder().encode(`"${"x".repeat(65_534)}`);
    return new ReadableStream({ pull: (controller) => controller.enqueue(filler) });
  },
  "a record that is none": () => streamed({ id: "key_x", scopes: "all of them" }),
  "a copy that is none": () => streamed({ v: 1, keys: [{ kid: "made up" }] }),
  "a session that is none": () => ({ id: 7, sessionId: 7, endsAtMs: "never", roles: "admin" }),
  "a session without end": () => ({ ...STANDING, roles: Array(MANY).fill("manager") }),
  "a sign-in by ways without end": () => ({ ...LIVE, amr: Array(MANY).fill("pwd") }),
  "no page": (method) =>
    method === "pull" ? { position: { generation: "another", seq: 1 }, more: false } : "nonsense",
  "pages without end": () => ({ position: { generation: "another", seq: 1 }, entries: [], more: true }),
  "a verdict that is none": () => ({ granted: "yes" }),
  "keys that are none": () => ({ version: 1, keys: "all", sealed: "nothing", kid: 7 }),
  "signals that are none": () => ({ raised: true }),
  "rows that are none": () => statement,
  "answers that are none": (method) =>
    method === "checkRelations" ? { revision: 1, findings: [{ answer: "yes", reads: [] }] } : { ids: "all", isLast: 1 },
  "answers to other questions": (method) =>
    ({
      checkRelations: { revision: 1, findings: [] },
      findSubjects: [{ ...SUBJECT, id: "usr_other" }],
      relatedIds: { ids: ["2", "1"], isLast: true, isWhole: true },
    })[method],
  "answers without end": (method) =>
    ({
      checkRelations: { revision: 1, findings: Array(MANY).fill({ answer: true, reads: [] }) },
      findSubjects: Array(MANY).fill(SUBJECT),
      relatedIds: { ids: Array.from({ length: MANY }, (_, at) => String(at)), isLast: true, isWhole: true },
    })[method],
};
