import type { CompiledConfig } from "../config/compile.ts";

/** Where a route stands in its life. */
export type RouteState = "live" | "deprecated" | "gone";

/** One route of the inventory. Times in Unix milliseconds. */
export interface ListedRoute {
  readonly id: string;
  readonly path: string;
  readonly methods: readonly string[];
  readonly version: string | null;
  /** The origin's name. */
  readonly origin: string;
  readonly isPublic: boolean;
  /** What opens it; empty where it is public. */
  readonly credentials: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly limits: readonly string[];
  readonly state: RouteState;
  readonly deprecation: { readonly sinceMs: number; readonly sunsetMs: number; readonly successor: string } | null;
  readonly warnings: readonly RouteWarning[];
}

/** `past_sunset`: it answers 410 and nothing else, so that it can go. `successor_gone`: what it sends callers to answers 410. */
export type RouteWarning = "past_sunset" | "successor_gone";

/** Every route of `config` in its order, as it stands at `nowMs`. */
export function listRoutes({ routes }: CompiledConfig, nowMs: number): ListedRoute[] {
  const gone = new Set(routes.filter((route) => stateOf(route, nowMs) === "gone").map(({ path }) => path));
  const alive = new Set(routes.filter((route) => stateOf(route, nowMs) !== "gone").map(({ path }) => path));
  return routes.map((route) => {
    const { id, path, methods, version, origin, scopes, roles, limits, deprecation } = route;
    const state = stateOf(route, nowMs);
    const successor = deprecation?.successor ?? "";
    const warnings: RouteWarning[] = [];
    if (state === "gone") warnings.push("past_sunset");
    if (state !== "gone" && gone.has(successor) && !alive.has(successor)) warnings.push("successor_gone");
    return {
      id,
      path,
      methods,
      version: version ?? null,
      origin,
      isPublic: route.public,
      credentials: route.public ? [] : route.credentials,
      scopes,
      roles,
      limits: limits.map((use) => (typeof use === "string" ? use : use.name)),
      state,
      deprecation: deprecation === undefined ? null : { ...timesOf(deprecation), successor },
      warnings,
    };
  });
}

function stateOf({ deprecation }: CompiledConfig["routes"][number], nowMs: number): RouteState {
  if (deprecation === undefined) return "live";
  const { sinceMs, sunsetMs } = timesOf(deprecation);
  if (sunsetMs <= nowMs) return "gone";
  return sinceMs <= nowMs ? "deprecated" : "live";
}

function timesOf({ since, sunset }: { readonly since: string; readonly sunset: string }) {
  return { sinceMs: Date.parse(since), sunsetMs: Date.parse(sunset) };
}
