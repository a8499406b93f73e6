import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig, RESOURCE } from "./gateway_config.ts";

type Authzen = NonNullable<ConfigInput["gateway"]["authzen"]>;
type Policy = NonNullable<ConfigInput["policy"]>;

/** An installation that others may ask by AuthZEN about `policy`. */
export function authzenConfig(policy: Policy, authzen: Authzen = {}): ConfigInput {
  const base = gatewayConfig();
  return {
    ...base,
    issuer: {
      ...base.issuer,
      apis: [
        {
          resource: RESOURCE,
          scopes: { "orders:read": "Read orders", "orders:write": "Change orders", "authz:evaluate": "Ask" },
        },
      ],
    },
    gateway: { ...base.gateway, authzen },
    policy,
  };
}

/** The fixture of AuthZEN's certification scenario: what may be done with two records. */
export const RECORDS: Policy = {
  resources: {
    record: { attributes: { status: "string" }, actions: { read: {}, write: {}, delete: {} } },
  },
  relations: { record: { owner: "[user]", viewer: "[user] or owner" } },
  rules: [
    { id: "viewers_read", effect: "allow", when: 'can(principal, "viewer", resource)', on: ["record:read"] },
    {
      id: "owners_write",
      effect: "allow",
      when: 'can(principal, "owner", resource) && !(has(resource.status) && resource.status == "archived")',
      on: ["record:write"],
    },
    {
      id: "admins_write_archived",
      effect: "allow",
      when: '"admin" in principal.roles && has(resource.status) && resource.status == "archived"',
      on: ["record:write"],
    },
    {
      id: "owners_delete_softly",
      effect: "allow",
      when: 'can(principal, "owner", resource) && has(request.body.soft) && request.body.soft == true',
      on: ["record:delete"],
    },
  ],
};
