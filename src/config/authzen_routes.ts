import { parseRoutePattern } from "../policy/route_pattern.ts";
import { AUTHZEN_PATHS } from "../protocol/authzen/metadata.ts";
import type { CompiledRoute } from "./faults/route.ts";
import type { Config } from "./schema.ts";
import { route } from "./schemas/route.ts";

/** What callers of the API have to be allowed. */
export const EVALUATE_SCOPE = "authz:evaluate";
/** The name of an origin that nothing is ever sent to: these routes are answered here. */
export const NO_ORIGIN = "authzen";

/**
 * AuthZEN's API as routes of the gate: its callers are proven and limited as on any other. None where it is not asked for, and no routes for searches
 * where those are not.
 */
export function authzenRoutes({ gateway: { authzen } }: Pick<Config, "gateway">): readonly CompiledRoute[] {
  if (authzen === undefined) return [];
  const { credentials, limits, transport, onStale, audit, maxBodyBytes, search } = authzen;
  const { evaluation, evaluations, ...searches } = AUTHZEN_PATHS;
  const paths = [evaluation, evaluations, ...(search === undefined ? [] : Object.values(searches))];
  return paths.map((path) => {
    const pattern = parseRoutePattern(path);
    if (!pattern.ok) throw new Error("a path of our own that is no path");
    const own = route.parse({
      path,
      methods: ["POST"],
      origin: NO_ORIGIN,
      scopes: [EVALUATE_SCOPE],
      cors: "none",
      captcha: null,
      credentials,
      maxBodyBytes,
    });
    return { ...own, limits, transport, onStale, audit, id: path, pattern: pattern.value };
  });
}

/** Every route of the gate: those that were written, and those of AuthZEN's API. */
export function everyRoute<T>(
  config: Pick<Config, "gateway"> & { readonly routes: readonly T[] },
): readonly (T | CompiledRoute)[] {
  return [...config.routes, ...authzenRoutes(config)];
}
