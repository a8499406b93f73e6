import { createHash } from "node:crypto";
import type { D1Database, D1PreparedStatement } from "@cloudflare/workers-types";
import { canonicalJson } from "../../src/kernel/canonical_json.ts";
import { closeRoles, type RoleDefinition } from "../../src/policy/role_graph.ts";

/** What the roles of a fresh clone may do. */
const DEMO_ROLES: readonly (RoleDefinition & { readonly description: string })[] = [
  { id: "viewer", description: "Reads documents", permissions: ["document:read"], inherits: [] },
  { id: "editor", description: "Writes documents", permissions: ["document:update"], inherits: ["viewer"] },
  { id: "manager", description: "Approves orders", permissions: ["order:approve"], inherits: ["editor"] },
];

/** Rows of the roles and of the first book: nothing where somebody defined a role before. */
export function insertRoles(db: D1Database, nowMs: number): readonly D1PreparedStatement[] {
  const closed = closeRoles(DEMO_ROLES);
  if (!closed.ok) throw new Error("the demo's roles are no book");
  const body = canonicalJson({ v: 1, roles: closed.value });
  const hash = createHash("sha256").update(body).digest("hex");
  const isFirst = "WHERE NOT EXISTS (SELECT 1 FROM role_books)";
  const role = db.prepare(
    `INSERT INTO roles (id, description, permissions, inherits, created_at, updated_at) SELECT ?, ?, ?, ?, ?, ? ${isFirst}`,
  );
  return [
    ...DEMO_ROLES.map(({ id, description, permissions, inherits }) =>
      role.bind(id, description, JSON.stringify(permissions), JSON.stringify(inherits), nowMs, nowMs),
    ),
    db
      .prepare(`INSERT INTO role_books (version, parent, hash, body, created_at) SELECT 1, 0, ?, ?, ? ${isFirst}`)
      .bind(hash, body, nowMs),
  ];
}
