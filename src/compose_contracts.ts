import type { GateRoute } from "./access/gate.ts";
import type { CompiledConfig } from "./config/compile.ts";
import { contractsOf } from "./config/openapi_faults.ts";
import type { CompiledRoute } from "./config/route_faults.ts";

/** What a route demands of its callers and its origin, made ready once for as long as the snapshot lives. */
export function composeContracts(
  route: CompiledRoute,
  openapi: CompiledConfig["openapi"],
): Pick<GateRoute, "contracts" | "pageSize"> {
  const { pageSize } = route;
  return {
    contracts: contractsOf({ openapi }, route, route.pattern)?.byMethod ?? null,
    pageSize: pageSize === undefined ? null : { ...pageSize, whenAbsent: pageSize.whenAbsent ?? null },
  };
}
