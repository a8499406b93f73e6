import type { Gate, GateRoute } from "../access/gate.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { contractsOf } from "../config/faults/openapi.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { readPolicy } from "../config/policy_rules.ts";
import type { Kept } from "../kernel/kept.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import { composeRelationsOfCall } from "./relations.ts";

/** How fields that are for some by their relations ask about those; null where the configuration has none. */
export function relationsOfCalls(
  config: CompiledConfig,
  reader: Pick<IssuerReader, "checkRelations">,
  kept: Kept,
): Gate["relations"] {
  const schema = readPolicy(config)?.relations;
  return schema ? composeRelationsOfCall(config, schema, reader, kept) : null;
}

/** What a route demands of its callers and its origin, made ready once for as long as the snapshot lives. */
export function composeContracts(
  route: CompiledRoute,
  { openapi, policy }: Pick<CompiledConfig, "openapi" | "policy">,
): Pick<GateRoute, "contracts" | "pageSize"> {
  const { pageSize } = route;
  return {
    contracts: contractsOf({ openapi, policy }, route, route.pattern)?.byMethod ?? null,
    pageSize: pageSize === undefined ? null : { ...pageSize, whenAbsent: pageSize.whenAbsent ?? null },
  };
}
