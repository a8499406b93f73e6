import { judgeConfig } from "../../src/config/judge.ts";
import { type ListedRoute, listRoutes } from "../../src/managing/route_inventory.ts";
import { writtenConfig } from "./written_config.ts";

/** Prints the inventory: every route of the configuration with its version, who may call it, and where it stands in its life. */
export function routesCommand(): number {
  const compiled = judgeConfig(writtenConfig());
  if (!compiled.ok) {
    for (const { path, reason } of compiled.error) console.error(`${path}: ${reason}`);
    return 1;
  }
  const rows = listRoutes(compiled.value, Date.now()).map(rowOf);
  const titles = ["METHODS", "PATH", "VERSION", "STATE", "ACCESS", "LIMITS", "ORIGIN"];
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of [titles, ...rows])
    console.log(
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  return 0;
}

function rowOf(route: ListedRoute): string[] {
  const demands = [...route.scopes, ...route.roles.map((role) => `role ${role}`)].join(", ");
  const access = route.isPublic ? "public" : `${demands || "any principal"} by ${route.credentials.join("/")}`;
  const state = [stateOf(route), ...route.warnings].join(", ");
  return [
    route.methods.join(","),
    route.path,
    route.version ?? "-",
    state,
    access,
    route.limits.join(", ") || "-",
    route.origin,
  ];
}

function stateOf({ state, deprecation }: ListedRoute): string {
  if (deprecation === null) return state;
  return `${state} (410 from ${new Date(deprecation.sunsetMs).toISOString().slice(0, 10)}, then ${deprecation.successor})`;
}
