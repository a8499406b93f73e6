import type { RouteSignals } from "../access/route_signals.ts";
import { SignalWatch } from "../access/signal_watch.ts";
import { DurableObjectSignals } from "../adapters/objects/signals.ts";
import { type Environment, need, readBindings } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { isWatched } from "../config/faults/signal.ts";
import { logFault } from "../http/log.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { Kept } from "../kernel/kept.ts";

/*
 * The wiring of what is out of the ordinary for a principal. What an isolate knows lives as long as the isolate.
 */

/** What routes do about signals; null where none are configured. Throws `DeploymentFault` where their object is missing. */
export function composeSignals(
  env: Environment,
  { signals }: Pick<CompiledConfig, "signals">,
  kept: Kept,
): RouteSignals | null {
  return signals === undefined ? null : kept.keep("signals", signals, () => watchedSignals(env, signals));
}

function watchedSignals(env: Environment, signals: NonNullable<CompiledConfig["signals"]>): RouteSignals {
  const { newCountry, impossibleTravel, rate, errors, cooldownSeconds, forgetAfterSeconds, onUnknown } = signals;
  const namespace = need(readBindings(env), "SIGNALS");
  const rules = {
    newCountry: newCountry === undefined ? null : { learnMs: newCountry.learnSeconds * 1000 },
    travel: impossibleTravel ?? null,
    rate: rate ?? null,
    errors: errors ?? null,
    cooldownMs: cooldownSeconds * 1000,
  };
  const store = new DurableObjectSignals(() => namespace, rules, forgetAfterSeconds * 1000);
  return {
    watch: new SignalWatch(store, (principals, error) =>
      logFault("signals_lost", { principals, error: faultText(error) }),
    ),
    actions: {
      new_country: newCountry?.action ?? "log",
      impossible_travel: impossibleTravel?.action ?? "log",
      unusual_rate: rate?.action ?? "log",
      error_burst: errors?.action ?? "log",
    },
    denyUnknown: onUnknown === "deny",
  };
}

/** Those of `route`, null where it does not look for any. */
export function routeSignals(
  route: CompiledRoute,
  config: Pick<CompiledConfig, "gateway">,
  signals: RouteSignals | null,
): RouteSignals | null {
  return isWatched(config, route) ? signals : null;
}
