import * as z from "zod/mini";
import { RoleBook } from "../policy/role_book.ts";
import type { RolesPointer } from "../protocol/edge_feed.ts";
import type { WrittenRoleBook } from "../protocol/role_book.ts";

const names = z.array(z.string());
const written: z.ZodMiniType<WrittenRoleBook> = z.strictObject({
  v: z.literal(1),
  roles: z.array(z.strictObject({ id: z.string(), permissions: names, includes: names })),
});

/** The book whose text is `text`. Throws for what this release cannot read: to leave a part out would be to guess. */
export function readRoleBook({ version }: RolesPointer, text: string): RoleBook {
  return new RoleBook(version, written.parse(JSON.parse(text)).roles);
}
