import { canonicalJson } from "../kernel/canonical_json.ts";
import { ID_TOKEN_ALGORITHMS } from "../protocol/id_token.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import { everyRoute } from "./authzen_routes.ts";
import type { CompiledConfig } from "./compile.ts";
import type { ConfigFault } from "./fault.ts";

/**
 * What a configuration that is published may not change, because it belongs to the deployment: names, secrets and where they
 * are sent, and what Durable Objects were built with. `bundled` is the configuration that was deployed with the code.
 */

/** No snapshot is larger, in bytes of UTF-8. */
export const MAX_SNAPSHOT_BYTES = 1024 * 1024;

const DEPLOY = "is part of the deployment: deploy to change it";

/** Why `wanted` is not published here: everything that would not come to be, or must not come by this way. */
export function publishFaults(wanted: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  return [
    ...loadFaults(wanted, bundled),
    ...fixedFaults(wanted, bundled),
    ...reachFaults(wanted, bundled),
    ...lifetimeFaults(wanted, bundled),
    ...bindingFaults(wanted, bundled),
  ];
}

/** Why `wanted`, although it was published, does not run on this deployment: names, secrets or keys that it does not have. */
export function loadFaults(wanted: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  const urls = differences([
    ["issuer.url", wanted.issuer.url, bundled.issuer.url],
    ["gateway.url", wanted.gateway.url, bundled.gateway.url],
  ]);
  const held = [
    ...secretFaults(wanted, bundled),
    ...onwardFaults(wanted, bundled),
    ...externalFaults(wanted, bundled),
    ...sharedSecretFaults(wanted, bundled),
  ];
  return [...urls, ...algorithmFaults(wanted, bundled), ...held];
}

/** `wanted` as it runs on this deployment: what is the deployment's own is the deployment's. */
export function onDeployment(wanted: CompiledConfig, { issuer, gateway }: CompiledConfig): CompiledConfig {
  const { apis, accessTokenTtlSeconds, idTokenTtlSeconds, passwords, ...rest } = wanted.issuer;
  const { signingKeys, retention, branding, hosts } = issuer;
  const longest = longestTokens(issuer);
  return {
    ...wanted,
    gateway: { ...wanted.gateway, hosts: gateway.hosts },
    issuer: {
      ...rest,
      hosts,
      signingKeys,
      retention,
      branding,
      passwords: { ...passwords, linkSeconds: issuer.passwords.linkSeconds },
      // A deployment with shorter ones forgets revocations sooner: no token may outlive that.
      accessTokenTtlSeconds: Math.min(accessTokenTtlSeconds, longest.access),
      idTokenTtlSeconds: Math.min(idTokenTtlSeconds, longest.any),
      apis: apis.map((api) => ({
        ...api,
        accessTokenTtlSeconds: Math.min(api.accessTokenTtlSeconds, longest.access),
      })),
    },
  };
}

/** The longest lives that tokens of `issuer` have, in seconds: access tokens, and any at all. */
export function longestTokens(issuer: CompiledConfig["issuer"]): { readonly access: number; readonly any: number } {
  const access = Math.max(issuer.accessTokenTtlSeconds, ...issuer.apis.map((api) => api.accessTokenTtlSeconds));
  return { access, any: Math.max(access, issuer.idTokenTtlSeconds) };
}

function fixedFaults(wanted: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  return differences([
    ["issuer.hosts", wanted.issuer.hosts, bundled.issuer.hosts],
    ["gateway.hosts", wanted.gateway.hosts, bundled.gateway.hosts],
    ["issuer.signingKeys", wanted.issuer.signingKeys, bundled.issuer.signingKeys],
    ["issuer.retention", wanted.issuer.retention, bundled.issuer.retention],
    ["issuer.branding", wanted.issuer.branding, bundled.issuer.branding],
    ["issuer.passwords.linkSeconds", wanted.issuer.passwords.linkSeconds, bundled.issuer.passwords.linkSeconds],
  ]);
}

/** What may be called on a private network is for those to say who deploy there. */
function reachFaults({ gateway }: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  return gateway.outboundOrigins.flatMap((origin, at) =>
    bundled.gateway.outboundOrigins.includes(origin)
      ? []
      : [{ path: `gateway.outboundOrigins[${at}]`, reason: "is not in the deployed configuration: deploy it" }],
  );
}

function differences(parts: readonly (readonly [path: string, wanted: unknown, bundled: unknown])[]): ConfigFault[] {
  return parts.flatMap(([path, wanted, bundled]) =>
    canonicalJson(wanted) === canonicalJson(bundled) ? [] : [{ path, reason: DEPLOY }],
  );
}

/** The ring makes keys for what was deployed. */
function algorithmFaults(wanted: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  const { issuer } = bundled;
  const signs = new Set<SignatureAlgorithm>([
    issuer.algorithm,
    ...issuer.apis.map(({ algorithm }) => algorithm),
    ...ID_TOKEN_ALGORITHMS,
  ]);
  return [
    { path: "issuer.algorithm", algorithm: wanted.issuer.algorithm },
    ...wanted.issuer.apis.map(({ algorithm }, at) => ({ path: `issuer.apis[${at}].algorithm`, algorithm })),
  ].flatMap(({ path, algorithm }) =>
    signs.has(algorithm) ? [] : [{ path, reason: `there is no key for ${algorithm}: deploy to get one` }],
  );
}

/** Objects that remember what was revoked do so for as long as what was deployed lets tokens live. */
function lifetimeFaults(wanted: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  const longest = longestTokens(bundled.issuer);
  const { accessTokenTtlSeconds, idTokenTtlSeconds, apis } = wanted.issuer;
  return [
    { path: "issuer.accessTokenTtlSeconds", seconds: accessTokenTtlSeconds, most: longest.access },
    { path: "issuer.idTokenTtlSeconds", seconds: idTokenTtlSeconds, most: longest.any },
    ...apis.map((api, at) => ({
      path: `issuer.apis[${at}].accessTokenTtlSeconds`,
      seconds: api.accessTokenTtlSeconds,
      most: longest.access,
    })),
  ].flatMap(({ path, seconds, most }) =>
    seconds <= most
      ? []
      : [{ path, reason: `is more than ${most}, the longest that was deployed: deploy to raise it` }],
  );
}

/** What needs something that is bound where the issuer cannot look: it is there where the deployed configuration needs it too. */
function bindingFaults(wanted: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  const reason = "needs a binding that the deployed configuration does without: deploy it";
  const records = (config: CompiledConfig) =>
    config.gateway.audit.keyUses !== "none" || everyRoute(config).some(({ audit }) => audit !== "none");
  return [
    ...(wanted.signals !== undefined && bundled.signals === undefined ? [{ path: "signals", reason }] : []),
    ...(records(wanted) && !records(bundled) ? [{ path: "gateway.audit", reason }] : []),
  ];
}

/**
 * Secrets are bound by deploying, and go where the deployment says. Whoever could publish another address beside a secret's name could
 * have it sent there: so whatever names one stands in the deployed configuration, member by member.
 */
function secretFaults(wanted: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  const deployed = new Set(secretUses(bundled, "").map(({ use }) => use));
  return secretUses(wanted, "").flatMap(({ path, use }) =>
    deployed.has(use) ? [] : [{ path, reason: "names a secret and is not in the deployed configuration: deploy it" }],
  );
}

/** What is had for a secret goes where the deployment says as well: an origin's token to that origin, by its address. */
function onwardFaults({ origins }: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  return Object.entries(origins).flatMap(([name, { url, onward }]) => {
    if (onward === undefined) return [];
    const receivers = Object.values(bundled.origins).filter(
      (origin) => origin.onward !== undefined && canonicalJson(origin.onward) === canonicalJson(onward),
    );
    // None: then the secret itself is told of.
    const isMeant = receivers.length === 0 || receivers.some((origin) => origin.url === url);
    const reason = "gets a token (`onward`) that is for another address: deploy it";
    return isMeant ? [] : [{ path: `origins.${name}.url`, reason }];
  });
}

/** And a decision point's token to that one. */
function externalFaults({ policy }: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  const deployed = new Set(Object.values(bundled.policy?.external ?? {}).map(canonicalJson));
  return Object.entries(policy?.external ?? {}).flatMap(([name, external]) => {
    if (external.onward === undefined || deployed.has(canonicalJson(external))) return [];
    const reason = "gets a token (`onward`) and is not as deployed: deploy it";
    return [{ path: `policy.external.${name}`, reason }];
  });
}

/** Whoever shares a secret with the gate may say with it what the deployment says: under that name, for that audience, in those claims. */
function sharedSecretFaults({ gateway }: CompiledConfig, bundled: CompiledConfig): readonly ConfigFault[] {
  const deployed = new Set(bundled.gateway.trustedIssuers.map(canonicalJson));
  return gateway.trustedIssuers.flatMap((issuer, at) => {
    const isShared = typeof issuer.keys === "object" && "secretBinding" in issuer.keys;
    if (!isShared || deployed.has(canonicalJson(issuer))) return [];
    return [
      { path: `gateway.trustedIssuers[${at}]`, reason: "is proven by a shared secret and not as deployed: deploy it" },
    ];
  });
}

/** Every object that names a secret, with its place. */
function secretUses(value: unknown, path: string): readonly { readonly path: string; readonly use: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const isUse = Object.entries(value).some(([name, member]) => /[bB]indings?$/.test(name) && member !== undefined);
  const inner = Object.entries(value).flatMap(([name, member]) =>
    secretUses(member, Array.isArray(value) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`),
  );
  return isUse ? [{ path, use: canonicalJson(value) }, ...inner] : inner;
}
