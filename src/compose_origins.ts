import { OriginBreaker, type OriginGuard, Retries } from "./authorizer/origin_guard.ts";
import type { CompiledConfig } from "./config/compile.ts";
import type { OriginConfig } from "./config/schema.ts";
import { Slots } from "./limits/slots.ts";

/*
 * The wiring of what stands before origins. It lives as long as the isolate, and each isolate has its own.
 */

/** Whether anything stands before `origin`. Calls to any other go straight on. */
export function isGuarded({ maxConcurrent, breaker, retries, onward }: OriginConfig): boolean {
  return [maxConcurrent, breaker, retries, onward].some((setting) => setting !== undefined);
}

/** The guards by their origins' names. */
export function originGuards({ origins }: CompiledConfig): ReadonlyMap<string, OriginGuard> {
  const guarded = Object.entries(origins).filter(([, origin]) => isGuarded(origin));
  return new Map(guarded.map(([name, origin]) => [name, originGuard(name, origin)]));
}

function originGuard(name: string, { maxConcurrent, breaker, retries }: OriginConfig): OriginGuard {
  return {
    slots: maxConcurrent === undefined ? null : new Slots(maxConcurrent),
    breaker: breaker === undefined ? null : originBreaker(name, breaker),
    retries: retries === undefined ? null : originRetries(retries),
    onward: null,
  };
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
