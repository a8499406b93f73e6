import { sha256Hex, utf8 } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import { RoleBook } from "../policy/role_book.ts";
import type { ConfigCopies } from "../ports/config_versions.ts";
import type { RoleBookSource } from "../ports/roles.ts";
import type { RolesPointer } from "../protocol/edge_feed.ts";
import { MAX_BOOK_BYTES } from "../protocol/role_book.ts";
import { readRoleBook } from "./role_book_text.ts";

/**
 * The book at `pointer`: from the copy near by, else whichever counts at the issuer; that one for null. A text is only believed when it has the
 * hash that it goes by, so that who can write copies gives nobody a permission. `refused` hears of a copy that is something else. Throws `Outage`.
 */
export async function provenRoleBook(
  pointer: RolesPointer | null,
  copies: Pick<ConfigCopies, "find">,
  issuer: RoleBookSource,
  refused: (hash: string, error: unknown) => void,
): Promise<RoleBook> {
  const near = pointer === null ? null : await nearBook(pointer, copies, refused);
  if (near !== null) return near;
  const { text, ...current } = await issuer.current();
  if (current.version === 0 && text === "") return new RoleBook(0, []);
  if (!(await isProven(text, current.hash))) throw unreadable("the issuer's book is not what it is called");
  return read(current, text);
}

async function nearBook(
  pointer: RolesPointer,
  copies: Pick<ConfigCopies, "find">,
  refused: (hash: string, error: unknown) => void,
): Promise<RoleBook | null> {
  try {
    const text = await copies.find(pointer.hash);
    if (text === null) return null;
    if (await isProven(text, pointer.hash)) return read(pointer, text);
    refused(pointer.hash, "is not what it is called");
  } catch (error) {
    refused(pointer.hash, error);
  }
  return null;
}

function read(pointer: RolesPointer, text: string): RoleBook {
  try {
    return readRoleBook(pointer, text);
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): Outage {
  return new Outage("role_book", { cause });
}

async function isProven(text: string, hash: string): Promise<boolean> {
  return utf8(text).byteLength <= MAX_BOOK_BYTES && (await sha256Hex(text)) === hash;
}
