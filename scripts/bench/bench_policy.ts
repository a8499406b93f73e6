import type { ConfigInput } from "../../src/config/schema.ts";

/** Whom the bench calls as, and whose orders they ask for. */
export const ROLE = "manager";
export const DEPARTMENT = "sales";

/** Paths of one route each, which differ in what decides on it alone: nothing, a rule, a hundred. */
export const UNRULED = `/unruled/${DEPARTMENT}/orders`;
export const RULED = `/ruled/${DEPARTMENT}/orders`;
export const AUDITED = `/audited/${DEPARTMENT}/orders`;
/** The same for documents by id: by what a token carries, or by relation. */
export const LISTED = "/listed";
export const RELATED = "/related";

/** What decides on actions of an installation. */
export interface BenchPolicy {
  /** Rules on `order:audit`; no route asks for that where there are none. */
  readonly audits: number;
  /** Whether documents lie in folders, which groups see. */
  readonly relations: boolean;
}

type Policy = NonNullable<ConfigInput["policy"]>;
type Rule = NonNullable<Policy["rules"]>[number];

const OWN_DEPARTMENT = "principal.department == resource.department";

/** The demo's rule for managers, without its hours of business: a bench runs at night too. */
const MANAGERS = `"${ROLE}" in principal.roles && ${OWN_DEPARTMENT}`;

const RELATIONS: Policy["relations"] = {
  group: { member: "[user, client, group#member]" },
  folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
  document: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
};

/** What of an installation decides by rules. */
export function benchPolicy({ audits, relations }: BenchPolicy): Policy {
  return {
    principal: { department: "string" },
    resources: {
      order: { attributes: { department: "string" }, actions: { list: {}, ...(audits > 0 && { audit: {} }) } },
      ...(relations && { document: { actions: { list: {}, read: {} } } }),
    },
    ...(relations && { relations: RELATIONS }),
    rules: [
      { id: "managers-list", effect: "allow", on: ["order:list"], when: MANAGERS },
      ...Array.from({ length: audits }, (_, at) => auditRule(at)),
      ...(relations ? DOCUMENT_RULES : []),
    ],
  };
}

const DOCUMENT_RULES: readonly Rule[] = [
  { id: "sales-list", effect: "allow", on: ["document:list"], when: `principal.department == "${DEPARTMENT}"` },
  { id: "viewers-read", effect: "allow", on: ["document:read"], when: 'can(principal, "viewer", resource)' },
];

/** The first allows; of the others, which are all asked, every second one would deny. No two are alike. */
function auditRule(at: number): Rule {
  const rule = { id: `audit-${at}`, on: ["order:audit"] };
  if (at === 0) return { ...rule, effect: "allow", when: MANAGERS };
  return at % 2 === 0
    ? { ...rule, effect: "allow", when: `"auditor-${at}" in principal.roles && ${OWN_DEPARTMENT}` }
    : { ...rule, effect: "deny", when: `resource.department == "closed-${at}" && !("auditor" in principal.roles)` };
}

/** The routes, each with `common` and what all of them have: the action alone differs. */
export function policyRoutes<T extends object>(common: T, { audits, relations }: BenchPolicy) {
  const orders = (name: string) => ({ ...common, path: `/${name}/:department/orders` });
  const resource = { attributes: { department: { path: "department" } } };
  const document = { id: { path: "id" } };
  return [
    orders("unruled"),
    { ...orders("ruled"), action: "order:list", resource },
    ...(audits > 0 ? [{ ...orders("audited"), action: "order:audit", resource }] : []),
    ...(relations
      ? [
          { ...common, path: `${LISTED}/:id`, action: "document:list", resource: document },
          { ...common, path: `${RELATED}/:id`, action: "document:read", resource: document },
        ]
      : []),
  ];
}
