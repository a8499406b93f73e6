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

/** `past_sunset`: it answers 410 and nothing else, so that it can go. `ends_soon`: it will within thirty days. */
export type RouteWarning = "past_sunset" | "ends_soon";

const SOON_MS = 30 * 86_400_000;

/** Every route of `config` in its order, as it stands at `nowMs`. */
export function listRoutes({ routes }: CompiledConfig, nowMs: number): ListedRoute[] {
  return routes.map((route) => {
    const { id, path, methods, version, origin, scopes, roles, limits, deprecation } = route;
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
      state: stateOf(route, nowMs),
      deprecation: deprecation === undefined ? null : { ...timesOf(deprecation), successor: deprecation.successor },
      warnings: deprecation === undefined ? [] : warningsOf(timesOf(deprecation), nowMs),
    };
  });
}

function stateOf({ deprecation }: CompiledConfig["routes"][number], nowMs: number): RouteState {
  if (deprecation === undefined) return "live";
  const { sinceMs, sunsetMs } = timesOf(deprecation);
  if (sunsetMs <= nowMs) return "gone";
  return sinceMs <= nowMs ? "deprecated" : "live";
}

function warningsOf({ sunsetMs }: { readonly sunsetMs: number }, nowMs: number): RouteWarning[] {
  if (sunsetMs <= nowMs) return ["past_sunset"];
  return sunsetMs - nowMs <= SOON_MS ? ["ends_soon"] : [];
}

function timesOf({ since, sunset }: { readonly since: string; readonly sunset: string }) {
  return { sinceMs: Date.parse(since), sunsetMs: Date.parse(sunset) };
}
