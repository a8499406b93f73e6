import * as z from "zod";
import type { PublishedRoles } from "../ports/roles.ts";
import { MAX_BOOK_BYTES } from "../protocol/role_book.ts";

const published = z.strictObject({
  version: z.int().min(0),
  hash: z.string().max(64),
  text: z.string().max(MAX_BOOK_BYTES),
});

/** What the issuer says of the role book. Throws for anything else. */
export function parsePublishedRoles(told: unknown): PublishedRoles {
  return published.parse(told);
}
