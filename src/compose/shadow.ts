import type { IdentityMaker } from "../access/identity.ts";
import { ShadowCounts } from "../access/shadow_counts.ts";
import { fromMemoryAlone, NOBODY_ELSE, type ShadowGate, type ShadowRoute } from "../access/shadow_verdict.ts";
import { ShadowWatch } from "../access/shadow_watch.ts";
import { D1Shadow } from "../adapters/d1/shadow.ts";
import { FollowedShadow } from "../adapters/followed_shadow.ts";
import { provenSnapshot } from "../adapters/proven_snapshot.ts";
import { remoteShadow } from "../adapters/remote/shadow.ts";
import type { Managed } from "../admin/managed.ts";
import { type Bindings, type Environment, need, readBindings } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { MAX_SNAPSHOT_BYTES } from "../config/deployed.ts";
import { withShadowRulesLive } from "../config/shadow_rules.ts";
import { logEvent, logFault } from "../http/log.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { Kept } from "../kernel/kept.ts";
import { RouteTable } from "../policy/route_table.ts";
import type { ConfigReader } from "../ports/config_reader.ts";
import type { FeedFollower } from "../ports/edge_feed.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import { RULES_IN_SHADOW, type ShadowRecords } from "../ports/shadow.ts";
import { composeActions } from "./actions.ts";
import { routeDeprecation } from "./edges.ts";
import { configCopies, copyRefused, runnable } from "./live.ts";
import { actionPolicies } from "./policy.ts";
import { routeRights, trustedIssuers } from "./rights.ts";
import { followedRoles } from "./roles.ts";
import { declaredSays } from "./route_actions.ts";
import { installedConfig, issuerStores } from "./stores.ts";

/*
 * The wiring of what is tried beside what runs: how a gate follows it, and where it tells of differences.
 */

/** The issuer's side of it, in the same Worker or in another. */
export interface ShadowSide {
  readonly records: ShadowRecords;
  readonly snapshots: Pick<ConfigReader, "configSnapshot">;
}

/** What decides in shadow is made with, as what runs is. */
export interface ShadowWiring {
  readonly reader: IssuerReader;
  readonly feed: FeedFollower;
  readonly identity: IdentityMaker;
  readonly kept: Kept;
}

/** What operators need to try a configuration, and to see where it differs. */
export function composeShadowManagement(bindings: Bindings, feed: FeedFollower): Managed["shadow"] {
  return {
    versions: issuerStores(bindings).shadows,
    told: () => feed.shadow,
    records: new D1Shadow(need(bindings, "DB")),
  };
}

/** Where differences are counted, at the issuer. */
export function composeShadowRecords(env: Environment): ShadowRecords {
  return new D1Shadow(need(readBindings(env), "DB"));
}

/** The same where the issuer is another Worker: a service binding. */
export function composeRemoteShadowRecords(env: Environment): ShadowRecords {
  const bindings = readBindings(env);
  return remoteShadow(() => need(bindings, "SHADOW"));
}

/**
 * Decides calls of a gate that runs `config` once more: by its own rules in shadow, and by the configuration that the feed says to try. Null where
 * no share of the calls is.
 */
export function composeShadowWatch(
  env: Environment,
  config: CompiledConfig,
  { records, snapshots }: ShadowSide,
  wiring: ShadowWiring,
): ShadowWatch | null {
  const { share } = config.gateway.shadow;
  if (share === 0) return null;
  const { kept, feed, reader } = wiring;
  const lost = (calls: number, error: unknown) => logFault("shadow_lost", { calls, error: faultText(error) });
  const counts = kept.keep("shadow_counts", null, () => new ShadowCounts(records, lost));
  const followed = kept.keep("shadow", null, () => followedShadow(env, snapshots, wiring));
  const own = rulesInShadow(config, wiring);
  return new ShadowWatch({
    tried: (nowMs, defer, route) => {
      const other = followed.at(nowMs, defer);
      const rules = own === null || route === null ? null : (own.get(route) ?? null);
      if (other === null) return rules;
      return rules === null ? [other] : [...rules, other];
    },
    gate: {
      issuers: trustedIssuers(config),
      revocations: feed,
      roles: kept.keep("roles", null, () => followedRoles(readBindings(env), feed, reader)),
    },
    counts,
    share,
    pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
  });
}

function followedShadow(
  env: Environment,
  snapshots: ShadowSide["snapshots"],
  wiring: ShadowWiring,
): FollowedShadow<ShadowGate> {
  const { feed } = wiring;
  const copies = configCopies(readBindings(env));
  return new FollowedShadow<ShadowGate>({
    feed,
    load: async (hash) => {
      const text = await provenSnapshot(hash, copies, snapshots, MAX_SNAPSHOT_BYTES, copyRefused);
      return shadowGate(runnable(text, installedConfig(env)), hash, wiring);
    },
    runs: ({ version, hash }) => logEvent("shadow_runs", { version, hash }),
    failed: ({ version, hash }, error) => logFault("shadow_not_loaded", { version, hash, error: faultText(error) }),
  });
}

/** The rules in shadow of `config` as if they were live, by the routes that ask for one of them; null where none does. */
function rulesInShadow(
  config: CompiledConfig,
  wiring: ShadowWiring,
): ReadonlyMap<string, readonly ShadowGate[]> | null {
  const live = withShadowRulesLive(config);
  if (live === null) return null;
  const policies = actionPolicies(config);
  const routes = config.routes.filter(({ action = "" }) =>
    policies.get(action)?.rules.some(({ mode }) => mode === "shadow"),
  );
  if (routes.length === 0) return null;
  const gates = [shadowGate({ ...live, routes }, RULES_IN_SHADOW, wiring)];
  return new Map(routes.map(({ id }) => [id, gates]));
}

function shadowGate(config: CompiledConfig, tried: string, { reader, identity, kept }: ShadowWiring): ShadowGate {
  const actions = composeActions(config, reader, identity, declaredSays(config, NOBODY_ELSE), kept);
  const entries = config.routes.map((route) => {
    const action = actions(route);
    const rights: ShadowRoute = {
      ...routeRights(route),
      session: null,
      deprecation: routeDeprecation(route),
      action: action && fromMemoryAlone(action),
    };
    return { pattern: route.pattern, methods: route.methods, route: rights };
  });
  return { tried, routes: new RouteTable(entries) };
}
