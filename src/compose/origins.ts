import { OnwardTokenCache } from "../adapters/onward_token_cache.ts";
import { fetchOnwardToken } from "../adapters/onward_token_endpoint.ts";
import { OriginBreaker, type OriginGuard, Retries } from "../authorizer/origin_guard.ts";
import { type Environment, sharedSecret } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { outboundReach } from "../config/faults/trusted_issuer.ts";
import type { OriginConfig } from "../config/schema.ts";
import { logFault } from "../http/log.ts";
import type { Kept } from "../kernel/kept.ts";
import { outageWords } from "../kernel/outage.ts";
import { Slots } from "../limits/slots.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";

/*
 * The wiring of what stands before origins. It lives as long as the isolate, and each isolate has its own.
 */

/** Whether anything stands before `origin`. Calls to any other go straight on. */
export function isGuarded({ maxConcurrent, breaker, retries, onward }: OriginConfig): boolean {
  return [maxConcurrent, breaker, retries, onward].some((setting) => setting !== undefined);
}

/** The guards by their origins' names. What an origin's calls remember is `kept` while its address stays. */
export function originGuards(
  env: Environment,
  { origins, gateway }: CompiledConfig,
  kept: Kept,
): ReadonlyMap<string, OriginGuard> {
  const reach = outboundReach(gateway);
  const guarded = Object.entries(origins).filter(([, origin]) => isGuarded(origin));
  return new Map(guarded.map(([name, origin]) => [name, originGuard(env, name, origin, reach, kept)]));
}

function originGuard(
  env: Environment,
  name: string,
  origin: OriginConfig,
  reach: OutboundReach,
  kept: Kept,
): OriginGuard {
  const { url, maxConcurrent, readerIdleSeconds, breaker, retries, onward } = origin;
  const at = [name, url];
  const tokensFrom = [...at, onward, reach.loopback, [...(reach.origins ?? [])]];
  return {
    slots: maxConcurrent === undefined ? null : originSlots(at, maxConcurrent, kept),
    readerIdleMs: readerIdleSeconds * 1000,
    breaker: breaker === undefined ? null : kept.keep("breaker", [...at, breaker], () => originBreaker(name, breaker)),
    retries: retries === undefined ? null : kept.keep("retries", [...at, retries], () => originRetries(retries)),
    onward:
      onward === undefined
        ? null
        : kept.keep("onward", tokensFrom, () => onwardTokens(env, { origin: name }, onward, reach)),
  };
}

/** Calls that are under way keep their places when the number of places changes. */
function originSlots(at: readonly string[], max: number, kept: Kept): Slots {
  const slots = kept.keep("slots", at, () => new Slots(max));
  kept.whenSettled(() => slots.resize(max));
  return slots;
}

function originBreaker(name: string, settings: NonNullable<OriginConfig["breaker"]>): OriginBreaker {
  const { failurePercent, minCalls, windowSeconds, openSeconds, probes, failureStatuses } = settings;
  return new OriginBreaker(name, {
    failurePercent,
    minCalls,
    windowMs: windowSeconds * 1000,
    openMs: openSeconds * 1000,
    probes,
    failureStatuses: new Set(failureStatuses),
  });
}

function originRetries(settings: NonNullable<OriginConfig["retries"]>): Retries {
  const { maxAttempts, methods, on, budgetPercent, budgetPerSecond, backoffMs, maxBackoffMs } = settings;
  const rules = {
    maxAttempts,
    methods: new Set<string>(methods),
    on: new Set(on),
    percent: budgetPercent,
    perSecond: budgetPerSecond,
    baseMs: backoffMs,
    maxMs: maxBackoffMs,
  };
  return new Retries(rules, Math.random);
}

/** Tokens by client credentials for what `whose` names: in the log, where there is none. */
export function onwardTokens(
  env: Environment,
  whose: { readonly origin: string } | { readonly external: string },
  settings: NonNullable<OriginConfig["onward"]>,
  reach: OutboundReach,
): OnwardTokenCache {
  const { tokenUrl, clientId, clientSecretBinding, scope, resource } = settings;
  const client = {
    tokenUrl,
    clientId,
    clientSecret: sharedSecret(env, clientSecretBinding, 1),
    scope: scope?.join(" ") ?? null,
    resource: resource ?? null,
    reach,
  };
  return new OnwardTokenCache(
    () => fetchOnwardToken(client),
    (error) => logFault("onward_token_failed", { ...whose, error: outageWords(error) }),
  );
}
