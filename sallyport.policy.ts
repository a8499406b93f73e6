import type { ConfigInput } from "./src/config/schema.ts";

/** Nine to five in Berlin, Monday to Friday. */
const BUSINESS_HOURS = [
  'env.time.getDayOfWeek("Europe/Berlin") in [1, 2, 3, 4, 5]',
  'env.time.getHours("Europe/Berlin") >= 9',
  'env.time.getHours("Europe/Berlin") < 17',
].join(" && ");

/** Who may do what in the demo (docs/decisions.md, docs/object-level.md). */
export function demoPolicy(originUrl: string): NonNullable<ConfigInput["policy"]> {
  return {
    principal: { department: "string" },
    resources: {
      order: { attributes: { department: "string" }, actions: { approve: {} } },
      document: {
        actions: { read: {}, update: {} },
        // Whom its properties are for (docs/fields.md); what is not listed is for nobody.
        fields: {
          leftOut: "kept",
          properties: {
            "/id": { read: "anyone" },
            "/text": { read: "anyone", write: "anyone" },
            "/note": { read: ["relation:owner"], write: ["relation:owner"] },
            "/reviewed": { read: "anyone", write: ["role:manager"] },
          },
        },
      },
    },
    // Documents lie in folders, and groups may see them: the seed wrote a few such facts (docs/relations.md).
    relations: {
      group: { member: "[user, group#member]" },
      folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
      document: {
        parent: "[folder]",
        owner: "[user]",
        viewer: "[user, group#member] or owner or viewer of parent",
      },
    },
    rules: [
      {
        id: "managers-in-business-hours",
        effect: "allow",
        on: ["order:approve"],
        when: `"manager" in principal.roles && principal.department == resource.department && ${BUSINESS_HOURS}`,
      },
      { id: "viewers-read", effect: "allow", on: ["document:read"], when: 'can(principal, "viewer", resource)' },
      { id: "owners-write", effect: "allow", on: ["document:update"], when: 'can(principal, "owner", resource)' },
    ],
    metadata: {
      orders: {
        type: "order",
        url: `${originUrl}/internal/orders/{id}`,
        onUnavailable: "deny",
        identity: "urn:sallyport:demo-origin",
      },
    },
  };
}
