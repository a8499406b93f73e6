import { expect, it } from "vitest";
import { compileConfig } from "../../../src/config/compile.ts";
import { metadataUrl } from "../../../src/config/faults/trusted_issuer.ts";
import { changed, type MutableConfig } from "../../support/changed_config.ts";
import { GATEWAY_URL, ISSUER_URL, PARTNER_JWKS_URL, PARTNER_URL } from "../../support/gateway_config.ts";

const ASKED = {
  issuer: "https://x.example",
  introspection: { url: "https://x.example/introspect", clientId: "gate", secretBinding: "X_SECRET" },
};

const wrong: readonly [string, (config: MutableConfig) => void, string, RegExp][] = [
  [
    "a trusted issuer twice",
    (c) => c.gateway.trustedIssuers.push({ ...c.gateway.trustedIssuers[1] }),
    "gateway.trustedIssuers[2].issuer",
    /twice/,
  ],
  [
    "the ring for another issuer",
    (c) => c.gateway.trustedIssuers.push({ issuer: "https://x.test", keys: "ring" }),
    "gateway.trustedIssuers[2].keys",
    /must not be `ring`/,
  ],
  [
    "a URL for our own issuer",
    (c) => (c.gateway.trustedIssuers = [{ issuer: ISSUER_URL, keys: { jwksUrl: PARTNER_JWKS_URL } }]),
    "gateway.trustedIssuers[0].keys",
    /must be `ring`/,
  ],
  [
    "our own issuer's tokens for the issuer alone",
    (c) => (c.gateway.trustedIssuers = [{ issuer: ISSUER_URL, keys: "ring", audience: ISSUER_URL }]),
    "gateway.trustedIssuers[0].audience",
    /issuer/,
  ],
  [
    "a symmetric algorithm",
    (c) => (c.gateway.trustedIssuers = [{ issuer: ISSUER_URL, keys: "ring", algorithms: ["HS256"] }]),
    "gateway.trustedIssuers[0].algorithms[0]",
    /expected one of/,
  ],
  [
    "no signature at all",
    (c) => (c.gateway.trustedIssuers = [{ issuer: ISSUER_URL, keys: "ring", algorithms: ["none"] }]),
    "gateway.trustedIssuers[0].algorithms[0]",
    /./,
  ],
  [
    "more than a minute of skew",
    (c) => (c.gateway.trustedIssuers = [{ issuer: ISSUER_URL, keys: "ring", clockSkewSeconds: 61 }]),
    "gateway.trustedIssuers[0].clockSkewSeconds",
    /too big/i,
  ],
  [
    "an attribute that nobody declared",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { claims: { attributes: { department: "/dept" } } }),
    "gateway.trustedIssuers[1].claims.attributes.department",
    /not declared in policy\.principal/,
  ],
  [
    "a shape of our own issuer's tokens",
    (c) => Object.assign(c.gateway.trustedIssuers[0] ?? {}, { shape: "generic-jwt" }),
    "gateway.trustedIssuers[0]",
    /as it mints them/,
  ],
  [
    "a claim demanded of our own issuer's tokens",
    (c) => Object.assign(c.gateway.trustedIssuers[0] ?? {}, { requiredClaims: { tid: "t" } }),
    "gateway.trustedIssuers[0]",
    /as it mints them/,
  ],
  [
    "cognito without app clients",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { shape: "cognito" }),
    "gateway.trustedIssuers[1].audience",
    /app clients/,
  ],
  [
    "an untyped token whose client stands elsewhere, and nothing that tells it from an ID token",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { shape: "generic-jwt", claims: { clientId: "/app" } }),
    "gateway.trustedIssuers[1].requiredClaims",
    /only access tokens have/,
  ],
  [
    "an unknown shape",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { shape: "jwt" }),
    "gateway.trustedIssuers[1].shape",
    /expected one of/,
  ],
  [
    "a path that is no JSON pointer",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { claims: { roles: "realm_access.roles" } }),
    "gateway.trustedIssuers[1].claims.roles",
    /./,
  ],
  [
    "keys at a private address",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { keys: { jwksUrl: "https://10.0.0.1/keys" } }),
    "gateway.trustedIssuers[1].keys.jwksUrl",
    /url_host_not_public/,
  ],
  [
    "keys without https",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { keys: { jwksUrl: "http://as.example/keys" } }),
    "gateway.trustedIssuers[1].keys.jwksUrl",
    /url_scheme_not_allowed/,
  ],
  [
    "keys on this machine, for a gateway elsewhere",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { keys: { jwksUrl: "http://localhost:9/keys" } }),
    "gateway.trustedIssuers[1].keys.jwksUrl",
    /url_scheme_not_allowed/,
  ],
  [
    "metadata at a private address",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { issuer: "https://as.lan", keys: { discovery: "oauth" } }),
    "gateway.trustedIssuers[1].keys.discovery",
    /url_host_not_public/,
  ],
  [
    "a refresh after keys are stale",
    (c) =>
      Object.assign(c.gateway.trustedIssuers[1] ?? {}, {
        keys: { jwksUrl: PARTNER_JWKS_URL, refreshSeconds: 3_600, maxStaleSeconds: 600 },
      }),
    "gateway.trustedIssuers[1].keys.refreshSeconds",
    /maxStaleSeconds/,
  ],
  [
    "algorithms beside a secret",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { keys: { secretBinding: "PARTNER_SECRET" } }),
    "gateway.trustedIssuers[1].algorithms",
    /HS256 alone/,
  ],
  [
    "withdrawn keys of our own ring",
    (c) => Object.assign(c.gateway.trustedIssuers[0] ?? {}, { withdrawnKeys: ["k1"] }),
    "gateway.trustedIssuers[0].withdrawnKeys",
    /in the ring/,
  ],
  [
    "withdrawn keys beside a secret",
    (c) => {
      const keys = { secretBinding: "PARTNER_SECRET" };
      Object.assign(c.gateway.trustedIssuers[1] ?? {}, { keys, algorithms: undefined, withdrawnKeys: ["k1"] });
    },
    "gateway.trustedIssuers[1].withdrawnKeys",
    /publishes none/,
  ],
  [
    "a withdrawn key twice",
    (c) => Object.assign(c.gateway.trustedIssuers[1] ?? {}, { withdrawnKeys: ["k1", "k1"] }),
    "gateway.trustedIssuers[1].withdrawnKeys",
    /twice/,
  ],
  [
    "one secret twice",
    (c) => {
      const keys = { secretBinding: ["PARTNER_SECRET", "PARTNER_SECRET"] };
      Object.assign(c.gateway.trustedIssuers[1] ?? {}, { keys, algorithms: undefined });
    },
    "gateway.trustedIssuers[1].keys.secretBinding",
    /twice/,
  ],
  [
    "a secret instead of our own ring",
    (c) => Object.assign(c.gateway.trustedIssuers[0] ?? {}, { keys: { secretBinding: "PARTNER_SECRET" } }),
    "gateway.trustedIssuers[0].keys",
    /must be `ring`/,
  ],
  [
    "an outbound origin with a path",
    (c) => (c.gateway.outboundOrigins = ["https://as.lan/keys"]),
    "gateway.outboundOrigins[0]",
    /must be an origin/,
  ],
  [
    "an issuer whose tokens nothing proves",
    (c) => c.gateway.trustedIssuers.push({ issuer: "https://x.example" }),
    "gateway.trustedIssuers[2].keys",
    /nothing proves its tokens/,
  ],
  [
    "algorithms without keys",
    (c) => c.gateway.trustedIssuers.push({ ...ASKED, algorithms: ["ES256"] }),
    "gateway.trustedIssuers[2]",
    /which need `keys`/,
  ],
  [
    "two that are asked about the same tokens",
    (c) => {
      c.gateway.trustedIssuers.push({ ...ASKED });
      c.gateway.trustedIssuers.push({
        issuer: "https://y.example",
        introspection: { ...ASKED.introspection, tokenPrefix: "y_" },
      });
    },
    "gateway.trustedIssuers[2].introspection.tokenPrefix",
    /from another's/,
  ],
  [
    "our own secrets shown to another",
    (c) => c.gateway.trustedIssuers.push({ ...ASKED, introspection: { ...ASKED.introspection, tokenPrefix: "spr_" } }),
    "gateway.trustedIssuers[2].introspection.tokenPrefix",
    /secret of this installation/,
  ],
  [
    "questions to a private address",
    (c) =>
      c.gateway.trustedIssuers.push({
        ...ASKED,
        introspection: { ...ASKED.introspection, url: "https://169.254.169.254/" },
      }),
    "gateway.trustedIssuers[2].introspection.url",
    /url_host_not_public/,
  ],
  [
    "questions about our own tokens",
    (c) => Object.assign(c.gateway.trustedIssuers[0] ?? {}, { introspection: ASKED.introspection }),
    "gateway.trustedIssuers[0].introspection",
    /no opaque access tokens/,
  ],
  [
    "a list among our own issuer's audiences that names the issuer",
    (c) => Object.assign(c.gateway.trustedIssuers[0] ?? {}, { audience: [GATEWAY_URL, ISSUER_URL] }),
    "gateway.trustedIssuers[0].audience",
    /issuer/,
  ],
];

it.each(wrong)("trust in issuers: %s says where and why", (_, change, path, reason) => {
  const faults = compileConfig(changed(change));
  expect(faults.ok).toBe(false);
  const found = faults.ok ? [] : faults.error.filter((fault) => fault.path === path && reason.test(fault.reason));
  expect(found, JSON.stringify(faults)).not.toEqual([]);
});

it.each([
  ["https://as.example", "openid", "https://as.example/.well-known/openid-configuration"],
  ["https://as.example/", "openid", "https://as.example/.well-known/openid-configuration"],
  ["https://as.example/a/b", "openid", "https://as.example/a/b/.well-known/openid-configuration"],
  ["https://as.example/a/b", "oauth", "https://as.example/.well-known/oauth-authorization-server/a/b"],
  ["https://as.example/", "oauth", "https://as.example/.well-known/oauth-authorization-server"],
  ["https://sts.example/t/", "https://as.example/t/meta", "https://as.example/t/meta"],
])("RFC 8414 3.1, OpenID Connect Discovery 4.1: metadata of %s by %s", (issuer, discovery, url) => {
  expect(metadataUrl(issuer, discovery)).toBe(url);
});

it("origins that metadata may lead to are called by something", () => {
  const config = changed((c) => {
    const keys = { discovery: "openid", jwksHosts: ["keys.lan:8443"] };
    c.gateway.trustedIssuers.push({ issuer: "https://as.lan", keys });
    c.gateway.trustedIssuers.push(ASKED);
    c.gateway.outboundOrigins = [PARTNER_URL, "https://as.lan", "https://keys.lan:8443"];
  });
  expect(compileConfig(config)).toMatchObject({ ok: true });
});
