import type { ConfigFault } from "../fault.ts";
import { type ReadRule, readPolicy, typeOf } from "../policy_rules.ts";
import type { Config, RouteConfig } from "../schema.ts";

/**
 * Routes that nobody ever gets to although somebody gets to their action: they take API keys alone, and a key has signed nobody in, so that what
 * asks for a sign-in (`stepUp`) is never met there.
 */
export function unreachableRouteFaults(config: Config): ConfigFault[] {
  const read = readPolicy(config);
  if (read === null) return [];
  return config.routes.flatMap((route, index) => {
    const { action } = route;
    if (action === undefined || route.public || !takesKeysAlone(route)) return [];
    const live = read.rules.filter(({ rule, actions }) => rule.mode === "live" && actions.includes(action));
    const standing = inTheWay(live, typeOf(action)).map(({ rule }) => `\`${rule.id}\``);
    if (standing.length === 0) return [];
    const reason = `nobody gets to the route: it takes API keys alone, and no key meets the \`stepUp\` of ${standing.join(", ")}`;
    return [{ path: `routes[${index}].action`, reason }];
  });
}

function takesKeysAlone({ credentials }: RouteConfig): boolean {
  return credentials.every((kind) => kind === "secret_key" || kind === "publishable_key");
}

/** The rules that keep every key out: any that denies all who have not signed in so, or else all that allow. */
function inTheWay(live: readonly ReadRule[], type: string): readonly ReadRule[] {
  const denying = live.filter(({ rule, byType }) => {
    const compiled = byType.get(type);
    return rule.effect === "deny" && rule.stepUp !== undefined && compiled?.ok && compiled.value.folded === true;
  });
  if (denying.length > 0) return denying;
  const allowing = live.filter(({ rule }) => rule.effect === "allow");
  return allowing.every(({ rule }) => rule.stepUp !== undefined) ? allowing : [];
}
