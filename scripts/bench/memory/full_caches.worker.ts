// Long because every cache that an isolate has is filled here, each by the way that calls fill it.
import { ApiKeyCache } from "../../../src/access/api_key_cache.ts";
import { FailureBudget } from "../../../src/access/failure_budget.ts";
import type { Call } from "../../../src/access/gate.ts";
import { signedIdentity } from "../../../src/access/identity.ts";
import { KeyUses } from "../../../src/access/key_uses.ts";
import { SessionCache } from "../../../src/access/session_cache.ts";
import { SignalWatch } from "../../../src/access/signal_watch.ts";
import { cachedToken, TokenCache } from "../../../src/access/token_cache.ts";
import { UnlistedCalls } from "../../../src/access/unlisted_calls.ts";
import { UnspentProofs } from "../../../src/access/unspent_proofs.ts";
import { Introspection } from "../../../src/adapters/introspection.ts";
import { VerificationKeys } from "../../../src/adapters/jose_verification_keys.ts";
import { LeasedLimiter } from "../../../src/adapters/leased_limiter.ts";
import { MemoryLimiter } from "../../../src/adapters/memory_limiter.ts";
import { OpaqueAccessTokens } from "../../../src/adapters/opaque_access_tokens.ts";
import { PinLog } from "../../../src/adapters/pin_log.ts";
import { Turnstile } from "../../../src/adapters/turnstile.ts";
import type { LimitDemand } from "../../../src/limits/limit.ts";
import type { CertificateDigest } from "../../../src/policy/connection.ts";
import { parseAccessTokenClaims } from "../../../src/protocol/access_token.ts";
import { newApiKeyId } from "../../../src/protocol/ids.ts";
import { SHAPES } from "../../../src/protocol/token_shape.ts";
import { drop, MANY, NOTHING_ANNOUNCED, NOW_MS, names, reach, type Size, text } from "./filling.ts";
import {
  absentResources,
  externalAnswers,
  metadata,
  patternsOfRules,
  permissionsOfRoles,
  relationAnswers,
} from "./policy_caches.ts";

/*
 * Every cache that the isolate of an authorizer has, filled by the way that calls fill it, with more than it may hold.
 * `/<cache>?size=usual|large` fills one; `/` lists them. What is outside answers at once and says yes.
 */

const YES = { granted: true, limits: [] };

async function tokens(size: Size) {
  const cache = new TokenCache();
  const signer = { sign: async () => text(size === "usual" ? 700 : 1_500) } as never;
  const maker = { issuer: "https://gate.test", signer, random: (count: number) => new Uint8Array(count) };
  for (let at = 0; at < MANY; at++) {
    const claims = parseAccessTokenClaims(
      JSON.parse(
        JSON.stringify({
          iss: "https://issuer.example.com",
          sub: `usr_${text(22)}`,
          client_id: `cli_${text(22)}`,
          aud: "https://api.example.com/",
          jti: text(22),
          iat: 1_800_000_000,
          exp: 1_800_000_900,
          scope: names(size === "usual" ? 4 : 40, 12).join(" "),
          roles: names(size === "usual" ? 2 : 40, 12),
          epochs: { client: 1, user: 1 },
          grant_id: `grt_${text(22)}`,
        }),
      ),
    );
    if (!claims.ok) throw new Error(claims.error);
    const entry = cachedToken({ claims: claims.value, kid: "kid", standing: null });
    for (let audience = 0; audience < (size === "usual" ? 1 : 8); audience++) {
      await signedIdentity(entry, `urn:origin:${audience}`, NOW_MS, maker, drop);
    }
    cache.add(text(size === "usual" ? 800 : 2_400), entry);
  }
  return cache;
}

async function apiKeys(size: Size) {
  const record = () => ({
    id: newApiKeyId((count) => crypto.getRandomValues(new Uint8Array(count))),
    environment: "live" as const,
    kind: "secret" as const,
    scopes: names(size === "usual" ? 3 : 40, 12),
    roles: [],
    disabled: false,
    expiresAtMs: null,
    secretExpiresAtMs: null,
    epoch: 1,
    ...(size === "large" && { terms: { addresses: Array.from({ length: 40 }, (_, at) => `10.${at}.0.0/16`) } }),
  });
  const cache = new ApiKeyCache({ find: async () => JSON.parse(JSON.stringify(record())) }, { find: async () => null });
  const signer = { sign: async () => text(700) } as never;
  const maker = { issuer: "https://gate.test", signer, random: (count: number) => new Uint8Array(count) };
  for (let at = 0; at < MANY; at++) {
    const hash = text(43);
    const found = await cache.find(hash, NOW_MS, NOTHING_ANNOUNCED, drop);
    if (found !== null) await signedIdentity(found, "urn:origin", NOW_MS, maker, drop);
    cache.keepDigest(text(57), hash);
  }
  return cache;
}

async function absentApiKeys() {
  const nobody = { find: async () => null };
  const cache = new ApiKeyCache(nobody, nobody);
  for (let at = 0; at < MANY; at++) await cache.find(text(43), NOW_MS, NOTHING_ANNOUNCED, drop);
  return cache;
}

async function sessions(size: Size) {
  const standing = () => ({
    sessionId: `ses_${text(22)}`,
    userId: `usr_${text(22)}`,
    userEpoch: 1,
    roles: names(size === "usual" ? 2 : 40, 12),
    authTimeMs: NOW_MS,
    amr: ["pwd"],
    acr: null,
    endsAtMs: NOW_MS + 3_600_000,
  });
  const cache = new SessionCache(async () => standing() as never, { issuer: "https://issuer.example.com", scopes: [] });
  const signer = { sign: async () => text(700) } as never;
  const maker = { issuer: "https://gate.test", signer, random: (count: number) => new Uint8Array(count) };
  for (let at = 0; at < MANY; at++) {
    const session = await cache.find({ sealed: text(60), secretHash: text(43) }, NOW_MS, NOTHING_ANNOUNCED, drop);
    if (session !== null) await signedIdentity(session, "urn:origin", NOW_MS, maker, drop);
  }
  return cache;
}

async function absentSessions() {
  const cache = new SessionCache(async () => null, { issuer: "https://issuer.example.com", scopes: [] });
  for (let at = 0; at < MANY; at++) {
    await cache.find({ sealed: text(60), secretHash: text(43) }, NOW_MS, NOTHING_ANNOUNCED, drop);
  }
  return cache;
}

async function opaqueTokens(size: Size) {
  const active = () => ({
    active: true,
    sub: text(24),
    client_id: text(24),
    aud: "https://api.example.com/",
    exp: 1_800_000_900,
    scope: names(size === "usual" ? 4 : 200, 12).join(" "),
  });
  globalThis.fetch = async () => Response.json(active());
  const reading = {
    shape: SHAPES["generic-jwt"],
    subject: null,
    clientId: null,
    scopes: [["scope"]],
    roles: [],
    required: [],
  };
  const issuer = {
    issuer: "https://opaque.example.com",
    url: "https://opaque.example.com/introspect",
    clientId: "gate",
    clientSecret: text(32),
    authMethod: "client_secret_basic" as const,
    tokenPrefix: "",
    cacheMs: 300_000,
    deadlineMs: 1_000,
    reading,
    reach,
  };
  const cache = new OpaqueAccessTokens([new Introspection(issuer, () => undefined)], {
    verify: () => Promise.reject(new Error("no JWT")),
  });
  let held = 0;
  for (let at = 0; at < MANY / 2; at++) held += (await cache.verify(text(48), NOW_MS, drop)).ok ? 1 : 0;
  if (held === 0) throw new Error("no opaque token was taken");
  return cache;
}

/** Twenty issuers, whose keys are asked for by made-up names. */
async function keySets() {
  const sets: VerificationKeys[] = [];
  for (let issuer = 0; issuer < 20; issuer++) {
    const times = { refreshMs: 3e12, staleMs: 3e12, cooldownMs: 0, absentMs: 60_000 };
    const keys = new VerificationKeys({ fetch: async () => [] }, times);
    for (let at = 0; at < 1_500; at++) await keys.find(text(200), "ES256", NOW_MS + at, drop);
    sets.push(keys);
  }
  return sets;
}

async function failures() {
  const budget = new FailureBudget(60);
  for (let at = 0; at < MANY; at++) budget.fail(text(24), NOW_MS);
  return budget;
}

const subject = (size: Size) => `user:["https://issuer.example.com","${text(size === "usual" ? 26 : 400)}"]`;

async function leases(size: Size) {
  const policy = { name: "calls", algorithm: "fixed", limit: 1_000, windowSeconds: 3_600 } as const;
  const limiter = new LeasedLimiter(
    { take: async () => YES, charge: async () => undefined },
    { defer: drop, now: () => NOW_MS },
  );
  for (let at = 0; at < MANY; at++) {
    const demand: LimitDemand = { subject: subject(size), policy, cost: 1, leased: true };
    await limiter.take([demand], NOW_MS);
  }
  return limiter;
}

async function localCounters(size: Size) {
  const policy = { name: "calls", algorithm: "fixed", limit: 1_000, windowSeconds: 3_600 } as const;
  const limiter = new MemoryLimiter();
  for (let at = 0; at < MANY; at++) {
    // It refuses when it is full.
    await limiter.take([{ subject: subject(size), policy, cost: 1 }], NOW_MS).catch(() => undefined);
  }
  return limiter;
}

async function signals(size: Size) {
  const raised = () =>
    Array.from({ length: size === "usual" ? 0 : 8 }, () => ({
      kind: "new_country" as const,
      sinceMs: NOW_MS,
      untilMs: NOW_MS + 600_000,
      country: text(2),
      note: text(120),
    }));
  const store = { observe: async () => raised(), raised: async () => raised() };
  const watch = new SignalWatch(store, () => undefined);
  for (let at = 0; at < MANY; at++) {
    const position = { latitude: at / 100, longitude: at / 100 };
    const who = subject("usual");
    await watch.ask(who, NOW_MS);
    for (let seen = 0; seen < 4; seen++) {
      watch.note(who, { country: text(2), position, atMs: NOW_MS }, false, () => undefined);
    }
  }
  return watch;
}

async function keyUses() {
  const uses = new KeyUses({ note: async () => undefined }, () => undefined);
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  for (let at = 0; at < MANY; at++) uses.note(newApiKeyId(random), NOW_MS, () => undefined);
  return uses;
}

async function unlistedCalls() {
  const calls = new UnlistedCalls(
    { note: async () => undefined },
    new Set<string>(),
    () => undefined,
    async () => undefined,
  );
  for (let at = 0; at < MANY; at++) {
    const call = { method: "GET", segments: names(6, 12), address: text(21), nowMs: NOW_MS };
    let told: Promise<unknown> = Promise.resolve();
    const defer = (work: Promise<unknown>) => {
      told = work;
    };
    calls.note("path", { ...call, defer } as unknown as Call);
    await told;
  }
  return calls;
}

async function captchas() {
  globalThis.fetch = async () => Response.json({ success: false, "error-codes": ["invalid-input-response"] });
  const site = new Turnstile({
    secret: "s",
    verifyUrl: "https://captcha.example.com/",
    deadlineMs: 1_000,
    sendAddress: false,
    reach,
  });
  const proof = { action: "a", hostnames: new Set(["app.example.com"]), address: "192.0.2.1" };
  for (let at = 0; at < MANY; at++) await site.verify({ ...proof, token: text(300) }, NOW_MS);
  return site;
}

async function unspentProofs() {
  const proofs = new UnspentProofs();
  for (let at = 0; at < MANY; at++) proofs.keep(text(43), NOW_MS);
  return proofs;
}

async function pinNotices() {
  const log = new PinLog();
  for (let at = 0; at < MANY / 10; at++) {
    const sha256 = text(43) as CertificateDigest;
    log.used({ set: text(20), sha256, untilMs: NOW_MS, isBackup: true, isEnding: false }, NOW_MS);
  }
  return log;
}

const FILLERS: Readonly<Record<string, (size: Size) => Promise<unknown>>> = {
  tokens,
  apiKeys,
  absentApiKeys,
  sessions,
  absentSessions,
  metadata,
  absentResources,
  relationAnswers,
  opaqueTokens,
  keySets,
  failures,
  leases,
  localCounters,
  signals,
  keyUses,
  unlistedCalls,
  captchas,
  unspentProofs,
  pinNotices,
  externalAnswers,
  permissionsOfRoles,
  patternsOfRules,
};

/** What is filled, for as long as the isolate lives. */
const full = new Map<string, unknown>();

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const name = pathname.slice(1);
    if (name === "") return Response.json(Object.keys(FILLERS));
    const fill = FILLERS[name];
    if (fill === undefined) return new Response(null, { status: 404 });
    full.set(name, await fill(searchParams.get("size") === "large" ? "large" : "usual"));
    return new Response(null, { status: 204 });
  },
};
