import type { ConfigFault } from "../fault.ts";
import { actionsOf, type ReadPolicy, readPolicy, type WithPolicy } from "../policy_rules.ts";
import type { PolicyConfig } from "../schemas/policy.ts";

/** What of the policy nobody can mean: permissions that are demanded twice, and actions that nobody gets to. */
export function idlePolicyFaults(config: WithPolicy): ConfigFault[] {
  const { policy } = config;
  const read = readPolicy(config);
  if (policy === undefined || read === null) return [];
  return [...permissionFaults(policy), ...unreachableFaults(policy, read)];
}

function permissionFaults({ resources }: PolicyConfig): ConfigFault[] {
  return Object.entries(resources).flatMap(([type, { actions }]) =>
    Object.entries(actions).flatMap(([action, { permissions }]) =>
      permissions.flatMap((permission, at) =>
        permissions.indexOf(permission) === at
          ? []
          : [
              {
                path: `policy.resources.${type}.actions.${action}.permissions[${at}]`,
                reason: `\`${permission}\` is demanded twice`,
              },
            ],
      ),
    ),
  );
}

/** Actions that rules may deny and none can allow: nobody gets to them, nor to a route that asks for them. */
function unreachableFaults(policy: PolicyConfig, { rules }: ReadPolicy): ConfigFault[] {
  return actionsOf(policy).flatMap((action) => {
    const live = rules.filter(({ rule, actions }) => rule.mode === "live" && actions.includes(action));
    if (live.length === 0 || live.some(({ rule }) => rule.effect === "allow")) return [];
    const [type, name] = action.split(":");
    const ids = live.map(({ rule }) => `\`${rule.id}\``).join(", ");
    return [
      {
        path: `policy.resources.${type}.actions.${name}`,
        reason: `nobody gets to \`${action}\`: ${ids} may deny it, and no live rule allows it`,
      },
    ];
  });
}
