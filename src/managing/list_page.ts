import { fromBase64url, fromUtf8, toBase64url, utf8 } from "../kernel/bytes.ts";
import type { ListPosition } from "../ports/clients.ts";

const POSITION = /^(0|[1-9]\d{0,15})\.([0-9A-Za-z_.-]+)$/;

/** Some items of a list, and where the next ones begin; null at its end. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly next: ListPosition | null;
}

/** The page of `limit` items behind `after`. One item more than asked tells whether there is a next page. */
export async function listPage<T extends { readonly id: string; readonly createdAtMs: number }>(
  list: (limit: number, after: ListPosition | null) => Promise<readonly T[]>,
  limit: number,
  after: ListPosition | null,
): Promise<ListPage<T>> {
  const found = await list(limit + 1, after);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items, next: more ? { createdAtMs: last.createdAtMs, id: last.id } : null };
}

/** A position as callers carry it: opaque, and safe in a URL. */
export function formatCursor({ createdAtMs, id }: ListPosition): string {
  return toBase64url(utf8(`${createdAtMs}.${id}`));
}

/**
 * Reads a cursor that `formatCursor` made for a list of this kind of id, or null. Not signed: it names a place in a list
 * that its bearer may read whole.
 */
export function parseCursor(text: string, parseId: (id: string) => string | null): ListPosition | null {
  const bytes = text.length > 600 ? null : fromBase64url(text);
  const [, createdAt, id] = POSITION.exec((bytes === null ? null : fromUtf8(bytes)) ?? "") ?? [];
  if (createdAt === undefined || id === undefined || parseId(id) === null) return null;
  const createdAtMs = Number(createdAt);
  return Number.isSafeInteger(createdAtMs) ? { createdAtMs, id } : null;
}
