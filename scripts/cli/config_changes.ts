import type { CompiledConfig } from "../../src/config/compile.ts";
import type { ChangeRule, Effect, Judge } from "./change_rule.ts";
import { type Difference, differences } from "./config_tree.ts";
import { POLICY_CHANGES } from "./policy_changes.ts";

/** A change, in a sentence for whoever has to say yes to it. */
export interface Change {
  readonly effect: Effect;
  readonly text: string;
}

const moreOpens: Judge = ({ before, after }) => (Number(after) > Number(before) ? "opens" : "closes");
const moreCloses: Judge = ({ before, after }) => (Number(after) > Number(before) ? "closes" : "opens");
const addedOpens: Judge = ({ before }) => (before === null ? "opens" : "closes");
const addedCloses: Judge = ({ before }) => (before === null ? "closes" : "opens");

const demands =
  (what: string): NonNullable<ChangeRule["text"]> =>
  ({ before, after }, name) =>
    before === null ? `${name}: demands the ${what} ${after}` : `${name}: no longer demands the ${what} ${before}`;
const takes =
  (what: string): NonNullable<ChangeRule["text"]> =>
  ({ before, after }, name) =>
    before === null ? `${name}: ${what} ${shown(after)}` : `${name}: no longer ${what} ${shown(before)}`;

/** What is known of settings. The rest is told as it is, for the reader to judge. */
const RULES: readonly ChangeRule[] = [
  {
    at: ["routes", "*"],
    effect: addedOpens,
    text: ({ before, after }, name) => (before === null ? `${name}: new, ${audience(after)}` : `${name}: gone (404)`),
  },
  {
    at: ["routes", "*", "public"],
    effect: ({ after }) => (after === true ? "opens" : "closes"),
    text: ({ after }, name) => (after === true ? `${name}: public, open to anyone` : `${name}: no longer public`),
  },
  { at: ["routes", "*", "scopes"], effect: addedCloses, text: demands("scope") },
  { at: ["routes", "*", "permissions"], effect: addedCloses, text: demands("permission") },
  { at: ["routes", "*", "credentials"], effect: addedOpens, text: takes("takes the credential") },
  { at: ["routes", "*", "limits", "*"], effect: addedCloses },
  { at: ["routes", "*", "limits", "*", "cost"], effect: moreCloses },
  { at: ["routes", "*", "limits", "*", "maxOriginCost"], effect: moreCloses },
  { at: ["routes", "*", "creditCost"], effect: moreCloses },
  { at: ["routes", "*", "maxBodyBytes"], effect: moreOpens },
  { at: ["routes", "*", "onStale"], effect: ({ after }) => (after === "deny" ? "closes" : "opens") },
  { at: ["routes", "*", "onStale", "allowForSeconds"], effect: moreOpens },
  { at: ["limits", "*", "limit"], effect: moreOpens },
  { at: ["limits", "*", "burst"], effect: moreOpens },
  { at: ["limits", "*", "refill"], effect: moreOpens },
  { at: ["limits", "*", "windowSeconds"], effect: moreCloses },
  { at: ["limits", "*", "intervalSeconds"], effect: moreCloses },
  { at: ["limits", "*", "onUnavailable"], effect: ({ after }) => (after === "deny" ? "closes" : "opens") },
  { at: ["limits", "*", "dryRun"], effect: ({ after }) => (after === true ? "opens" : "closes") },
  { at: ["gateway", "trustedIssuers", "*"], effect: addedOpens, text: takes("tokens open routes:") },
  { at: ["gateway", "trustedIssuers", "*", "algorithms"], effect: addedOpens },
  { at: ["gateway", "trustedIssuers", "*", "clockSkewSeconds"], effect: moreOpens },
  { at: ["gateway", "trustedIssuers", "*", "requiredClaims", "*"], effect: addedCloses },
  { at: ["gateway", "outboundOrigins"], effect: addedOpens, text: takes("may call") },
  { at: ["gateway", "failedAuthenticationsPerMinute"], effect: moreOpens },
  { at: ["issuer", "apis", "*"], effect: addedOpens },
  { at: ["issuer", "apis", "*", "scopes", "*"], effect: addedOpens },
  { at: ["issuer", "apis", "*", "introspectionClients"], effect: addedOpens },
  { at: ["issuer", "apis", "*", "accessTokenTtlSeconds"], effect: moreOpens },
  { at: ["issuer", "accessTokenTtlSeconds"], effect: moreOpens },
  { at: ["issuer", "passwords", "minLength"], effect: moreCloses },
  ...POLICY_CHANGES,
];

/** What `after` would change of `before`: what opens first, then what closes, then the rest. */
export function configChanges(before: CompiledConfig, after: CompiledConfig): readonly Change[] {
  const all = [...roleChanges(before, after), ...differences(before, after).filter(isNoRole).map(described)];
  return (["opens", "closes", "changes"] as const).flatMap((effect) => all.filter((one) => one.effect === effect));
}

function described(difference: Difference): Change {
  const { path, before, after } = difference;
  const rule = RULES.find((one) => matches(one, path));
  const name = path[0] === "routes" ? path.slice(1).join(" ") : path.join(".");
  // A rule for a number says nothing of one that comes or goes, unless it is of the whole.
  const isPart = before !== null && after !== null;
  const judged =
    rule !== undefined && (isPart || rule.ofWhole === true || [addedOpens, addedCloses].includes(rule.effect));
  const effect = judged ? rule.effect(difference) : "changes";
  const owner = path[0] === "routes" && rule?.text !== undefined ? (path[1] ?? name) : name;
  return { effect, text: rule?.text?.(difference, owner) ?? plain(difference, name) };
}

function plain({ before, after }: Difference, name: string): string {
  if (before === null) return `${name}: now ${shown(after)}`;
  return after === null ? `${name}: no longer ${shown(before)}` : `${name}: ${shown(before)} → ${shown(after)}`;
}

/** One of a route's roles is enough, so one more lets more people in; but the first one keeps people out. */
function roleChanges(before: CompiledConfig, after: CompiledConfig): readonly Change[] {
  const roles = (config: CompiledConfig) =>
    new Map(config.routes.flatMap(({ methods, path, roles }) => methods.map((method) => [`${method} ${path}`, roles])));
  const was = roles(before);
  return [...roles(after)].flatMap(([name, now]): Change[] => {
    const then = was.get(name);
    if (then === undefined || (then.length === now.length && then.every((role) => now.includes(role)))) return [];
    const opens = now.length === 0 || (then.length > 0 && now.some((role) => !then.includes(role)));
    const list = (some: readonly string[]) => (some.length === 0 ? "no role" : `one of the roles ${some.join(", ")}`);
    return [{ effect: opens ? "opens" : "closes", text: `${name}: demands ${list(now)}, before ${list(then)}` }];
  });
}

function isNoRole({ path }: Difference): boolean {
  return !(path[0] === "routes" && path[2] === "roles");
}

function matches({ at, andWithin }: ChangeRule, path: readonly string[]): boolean {
  const isThere = andWithin ? at.length <= path.length : at.length === path.length;
  return isThere && at.every((name, index) => name === "*" || name === path[index]);
}

function audience(route: unknown): string {
  const { public: isPublic, scopes, roles } = route as CompiledConfig["routes"][number];
  if (isPublic) return "public, open to anyone";
  const demanded = [
    ...scopes.map((scope) => `scope ${scope}`),
    ...(roles.length > 0 ? [`role ${roles.join(" or ")}`] : []),
  ];
  return demanded.length === 0 ? "open to any principal" : `for ${demanded.join(", ")}`;
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
