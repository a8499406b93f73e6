import type { CompiledConfig } from "../../src/config/compile.ts";
import { canonicalJson } from "../../src/kernel/canonical_json.ts";

/** Something that is not the same in two configurations: null where one of them lacks it. */
export interface Difference {
  /** From the root, by names that a reader knows: a route goes by method and path, an issuer by its URL. */
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

type Tree = Readonly<Record<string, unknown>>;

/** Everything in which `before` and `after` differ, in the order of their members. */
export function differences(before: CompiledConfig, after: CompiledConfig): readonly Difference[] {
  return compare(treeOf(before), treeOf(after), []);
}

/** Lists that are looked up by a name, not by a place, go by that name: where a thing stands in its list says nothing. */
function treeOf({ issuer, gateway, routes, policy, ...config }: CompiledConfig): Tree {
  return {
    ...config,
    ...(policy === undefined ? {} : { policy: { ...policy, rules: byId(policy.rules) } }),
    issuer: { ...issuer, apis: Object.fromEntries(issuer.apis.map((api) => [api.resource, api])) },
    gateway: {
      ...gateway,
      trustedIssuers: Object.fromEntries(gateway.trustedIssuers.map((trusted) => [trusted.issuer, trusted])),
    },
    routes: Object.fromEntries(
      routes.flatMap(({ methods, path, pattern: _pattern, id: _id, limits, ...route }) => {
        const uses = limits.map((use) => (typeof use === "string" ? { name: use, cost: 1 } : use));
        const told = { ...route, limits: Object.fromEntries(uses.map(({ name, ...use }) => [name, use])) };
        return methods.map((method) => [`${method} ${path}`, told]);
      }),
    ),
  };
}

function byId(rules: readonly { readonly id: string }[]): Tree {
  return Object.fromEntries(rules.map(({ id, ...rule }) => [id, rule]));
}

function compare(before: unknown, after: unknown, path: readonly string[]): readonly Difference[] {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return [];
  if (isTree(before) && isTree(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => compare(before[name], after[name], [...path, name]));
  }
  if (isSet(before) && isSet(after)) {
    return [
      ...before.filter((one) => !after.includes(one)).map((one) => ({ path, before: one, after: null })),
      ...after.filter((one) => !before.includes(one)).map((one) => ({ path, before: null, after: one })),
    ];
  }
  return [{ path, before: before ?? null, after: after ?? null }];
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSet(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
