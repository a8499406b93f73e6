import { UnlistedCalls } from "../access/unlisted_calls.ts";
import { D1UnlistedCalls } from "../adapters/d1/unlisted_calls.ts";
import { remoteUnlistedCalls } from "../adapters/remote/unlisted_calls.ts";
import type { Managed } from "../admin/managed.ts";
import { type Bindings, type Environment, need, readBindings } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { logFault } from "../http/log.ts";
import { faultText } from "../kernel/fault_text.ts";
import { listRoutes } from "../managing/route_inventory.ts";
import { knownShapes } from "../policy/path_shape.ts";
import type { UnlistedCallRecords } from "../ports/unlisted_calls.ts";

/*
 * The wiring of the inventory: what routes there are, and what is called beside them.
 */

/** What operators see of it. */
export function composeInventory(bindings: Bindings, config: CompiledConfig): Managed["inventory"] {
  return {
    routes: (nowMs) => listRoutes(config, nowMs),
    unlisted: new D1UnlistedCalls(need(bindings, "DB")),
  };
}

/** Where calls that no route lists are counted, at the issuer. */
export function composeUnlistedCallRecords(env: Environment): UnlistedCallRecords {
  return new D1UnlistedCalls(need(readBindings(env), "DB"));
}

/** The same where the issuer is another Worker: a service binding. */
export function composeRemoteUnlistedCallRecords(env: Environment): UnlistedCallRecords {
  const bindings = readBindings(env);
  return remoteUnlistedCalls(() => need(bindings, "UNLISTED_CALLS"));
}

/** What a gate counts of them until it has told `records`. */
export function composeUnlistedCalls(records: UnlistedCallRecords, { routes }: CompiledConfig): UnlistedCalls {
  const known = knownShapes(routes.map(({ pattern }) => pattern));
  return new UnlistedCalls(records, known, (calls, error) =>
    logFault("unlisted_calls_lost", { calls, error: faultText(error) }),
  );
}
