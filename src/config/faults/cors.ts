import { patternShape, type RoutePattern } from "../../policy/route_pattern.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, CorsConfig, RouteConfig } from "../schema.ts";

/** A route with its name settled and its pattern read. */
interface NamedRoute extends Pick<RouteConfig, "methods" | "cors"> {
  readonly id: string;
  readonly pattern: RoutePattern;
}

/** What the gate does for scripts of other origins on `route`; null where it does nothing. */
export function effectiveCors(route: Pick<RouteConfig, "cors">, { cors }: Config["gateway"]): CorsConfig | null {
  const settled = route.cors ?? cors;
  return typeof settled === "string" ? null : settled;
}

/** What is wrong with who may call by script, the routes' own settings aside. */
export function corsFaults({ gateway }: Config, routes: readonly NamedRoute[]): ConfigFault[] {
  const faults = preflightFaults(gateway, routes);
  if (typeof gateway.cors === "string") return faults;
  if (routes.every((route) => route.cors !== undefined)) {
    faults.push({ path: "gateway.cors", reason: "is used by no route: each has its own" });
  }
  return [...faults, ...settingFaults(gateway.cors, gateway, "gateway.cors")];
}

/** What is wrong with who may call one route by script, `path` being where the route stands. */
export function routeCorsFaults({ gateway }: Config, { cors }: RouteConfig, path: string): ConfigFault[] {
  return typeof cors === "object" ? settingFaults(cors, gateway, `${path}.cors`) : [];
}

function settingFaults(cors: CorsConfig, gateway: Config["gateway"], path: string): ConfigFault[] {
  const faults = [
    ...repeated(cors.origins, `${path}.origins`),
    ...repeated(lowerCase(cors.requestHeaders), `${path}.requestHeaders`),
    ...repeated(lowerCase(cors.exposedHeaders), `${path}.exposedHeaders`),
  ];
  // Any program of the visitor's machine can stand behind such an origin, and would act with their cookies.
  if (cors.credentials && gateway.url.startsWith("https:") && cors.origins.some((text) => text.startsWith("http:"))) {
    faults.push({ path: `${path}.credentials`, reason: "cookies are not sent along for plain http origins" });
  }
  return faults;
}

/** A preflight asks for the path: where a route lists OPTIONS it is that route's, and the gate's answer would never be heard. */
function preflightFaults(gateway: Config["gateway"], routes: readonly NamedRoute[]): ConfigFault[] {
  const withOptions = routes.filter((route) => route.methods.includes("OPTIONS"));
  const shapes = new Set(withOptions.map((route) => patternShape(route.pattern)));
  return routes
    .filter((route) => effectiveCors(route, gateway) !== null && shapes.has(patternShape(route.pattern)))
    .map((route) => ({
      path: "routes",
      reason: `\`${route.id}\`: OPTIONS is listed at its path, so that preflights are an origin's: its \`cors\` can be "origin" or "none"`,
    }));
}

function lowerCase(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase());
}

function repeated(items: readonly string[], path: string): ConfigFault[] {
  return items.flatMap((item, at) =>
    items.indexOf(item) < at ? [{ path: `${path}[${at}]`, reason: `\`${item}\` is repeated` }] : [],
  );
}
