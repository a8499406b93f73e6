import { everyRoute } from "../authzen_routes.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";
import { limitUse } from "./limit.ts";

/** What is declared for routes, and used by none. */
export function unusedFaults(config: Config): ConfigFault[] {
  const { origins, limits, openapi, routes } = config;
  const dead = (section: string, names: readonly string[], used: ReadonlySet<string>) =>
    names
      .filter((name) => !used.has(name))
      .map((name) => ({ path: `${section}.${name}`, reason: "is used by no route" }));
  return [
    ...dead("openapi", Object.keys(openapi), new Set(routes.flatMap((route) => route.openapi?.document ?? []))),
    ...dead("origins", Object.keys(origins), new Set(routes.map((route) => route.origin))),
    ...dead(
      "limits",
      Object.keys(limits),
      new Set(everyRoute(config).flatMap((route) => route.limits.map((use) => limitUse(use).name))),
    ),
  ];
}
