import * as z from "zod/mini";
import type { PublishedRoles } from "../ports/roles.ts";
import { MAX_BOOK_BYTES } from "../protocol/role_book.ts";

const published = z.strictObject({
  version: z.int().check(z.minimum(0)),
  hash: z.string().check(z.maxLength(64)),
  text: z.string().check(z.maxLength(MAX_BOOK_BYTES)),
});

/** What the issuer says of the role book. Throws for anything else. */
export function parsePublishedRoles(told: unknown): PublishedRoles {
  return published.parse(told);
}
