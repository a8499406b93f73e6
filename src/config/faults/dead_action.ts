import { nearest } from "../../kernel/nearest.ts";
import type { ConfigFault } from "../fault.ts";
import { actionsOf, namedBy, readPolicy } from "../policy_rules.ts";
import type { Config } from "../schema.ts";

/**
 * Actions that are declared for nothing: nothing of ours decides on them, so that nobody may ever do them, and nothing asks for them. One that a
 * route asks for is told at the route, and one may be declared as the name of a permission alone.
 */
export function deadActionFaults(config: Config): ConfigFault[] {
  const { policy, routes } = config;
  const read = readPolicy(config);
  if (policy === undefined || read === null) return [];
  const declared = actionsOf(policy);
  const permissions = new Set([
    ...routes.flatMap((route) => route.permissions),
    ...Object.values(policy.resources).flatMap(({ actions }) =>
      Object.values(actions).flatMap((action) => action.permissions),
    ),
  ]);
  const used = new Set(routes.flatMap(({ action = [] }) => action));
  const meant = [...used, ...permissions, ...policy.rules.flatMap(({ on }) => on)].filter(
    (name) => namedBy(name, declared).length === 0,
  );
  return Object.entries(policy.resources).flatMap(([type, { actions }]) =>
    Object.entries(actions).flatMap(([name, action]) => {
      const id = `${type}:${name}`;
      const path = `policy.resources.${type}.actions.${name}`;
      const rules = read.rules.filter((rule) => rule.actions.includes(id));
      if (used.has(id) || action.permissions.length > 0 || rules.some(({ rule }) => rule.mode === "live")) return [];
      if (action.external !== undefined) return [{ path: `${path}.external`, reason: BESIDE }];
      const isName = permissions.has(id) || policy.rules.some(({ when }) => namesPermission(when, id));
      if (rules.length > 0 || isName) return [];
      const near = nearest(id, meant);
      const hint = near === null ? "" : `; \`${near}\` is named, and is no action`;
      const reason = `is declared for nothing: no route asks for it, and neither a permission nor a rule decides on it${hint}`;
      return [{ path, reason }];
    }),
  );
}

const BESIDE =
  "has a say beside permissions and live rules, and never in their place: the action has neither, so nobody may ever do it";

/** Whether a condition may ask for the permission `id`, which is written out there. */
function namesPermission(when: string, id: string): boolean {
  return when.includes(`"${id}"`) || when.includes(`'${id}'`);
}
