import { isLoopbackHost } from "../../kernel/loopback.ts";
import { canonicalSegments } from "../../policy/canonical_path.ts";
import type { RoutePattern } from "../../policy/route_pattern.ts";
import { RouteTable } from "../../policy/route_table.ts";
import { parseSuccessor } from "../../policy/successor.ts";
import type { ConfigFault } from "../fault.ts";
import type { RouteConfig } from "../schema.ts";

/** A route with its name settled and its pattern read. */
interface NamedRoute extends Pick<RouteConfig, "path" | "methods" | "deprecation"> {
  readonly id: string;
  readonly pattern: RoutePattern;
}

/** What is wrong with where deprecated routes send their callers. */
export function deprecationFaults(routes: readonly NamedRoute[]): ConfigFault[] {
  const table = new RouteTable(routes.map((route) => ({ pattern: route.pattern, methods: route.methods, route })));
  return routes.flatMap((route) => {
    const { deprecation, id } = route;
    if (deprecation === undefined) return [];
    const parsed = parseSuccessor(deprecation.successor, route.pattern);
    const reason = parsed.ok ? successorFault(route, deprecation, table) : `has no parameter \`:${parsed.error}\``;
    return reason === null ? [] : [{ path: "routes", reason: `the successor of \`${id}\` ${reason}` }];
  });
}

function successorFault(
  route: NamedRoute,
  { successor, sunset }: NonNullable<RouteConfig["deprecation"]>,
  table: RouteTable<NamedRoute>,
): string | null {
  if (!successor.startsWith("/")) return addressFault(successor);
  const [path = ""] = successor.split(/[?#]/, 1);
  const segments = canonicalSegments(path);
  if (!segments.ok || path.includes("*")) return "is no path that a caller can follow";
  const matches = route.methods.map((method) => table.match(method, segments.value.decoded));
  const found = matches.find((match) => match.kind === "matched")?.route;
  if (found === undefined) return "leads to no route that takes one of its methods";
  if (found === route) return "is the route itself";
  const endsSooner = found.deprecation !== undefined && Date.parse(found.deprecation.sunset) <= Date.parse(sunset);
  return endsSooner ? `is \`${found.id}\`, which ends no later` : null;
}

function addressFault(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return "is neither a path that begins with a slash nor a whole URL";
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
  return isSafe && url.username === "" && url.password === "" ? null : "is no https URL without credentials";
}
