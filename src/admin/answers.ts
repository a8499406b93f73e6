import { err, ok, type Result } from "../kernel/result.ts";
import { formatCursor, type ListPage, listPage, parseCursor } from "../managing/list_page.ts";
import { type Changed, invalidFields, type ManagingFault, NOT_FOUND } from "../managing/management.ts";
import type { ListPosition } from "../ports/clients.ts";
import type { Answer } from "./operation.ts";

/** The answer of a reading operation. */
export function shown(body: object): Result<Answer, never> {
  return ok({ body, objectId: null, progress: "unchanged" });
}

/** The answer of a change: what `show` makes of its value, about the object called `objectId`. */
export function changed<T>(
  result: Result<Changed<T>, ManagingFault>,
  objectId: (value: T) => string,
  show: (value: T) => object | null,
): Result<Answer, ManagingFault> {
  if (!result.ok) return result;
  const { value, progress } = result.value;
  return ok({ body: show(value), objectId: objectId(value), progress });
}

/** The identifier in the path, as `parse` reads it. One that no object can have is an object that does not exist. */
export function pathId<Id>(text: string | undefined, parse: (text: string) => Id | null): Result<Id, ManagingFault> {
  const id = parse(text ?? "");
  return id === null ? err(NOT_FOUND) : ok(id);
}

/** Where in a list the cursor of `query` stands; null for its beginning. */
export function positionIn(
  { cursor }: { readonly cursor?: string | undefined },
  parseId: (id: string) => string | null,
): Result<ListPosition | null, ManagingFault> {
  const position = cursor === undefined ? null : parseCursor(cursor, parseId);
  if (cursor === undefined || position !== null) return ok(position);
  return err(invalidFields([{ field: "cursor", reason: "is not a cursor of this list" }]));
}

/** One page of a list, as `{data, next_cursor}`. */
export async function shownPage<T extends { readonly id: string; readonly createdAtMs: number }>(
  query: { readonly limit: number; readonly cursor?: string | undefined },
  parseId: (id: string) => string | null,
  list: (limit: number, after: ListPosition | null) => Promise<readonly T[]>,
  show: (item: T) => object,
): Promise<Result<Answer, ManagingFault>> {
  const after = positionIn(query, parseId);
  if (!after.ok) return after;
  const { items, next }: ListPage<T> = await listPage(list, query.limit, after.value);
  return shown({ data: items.map(show), next_cursor: next === null ? null : formatCursor(next) });
}

/** The number of a record, a version or a difference as a cursor has it, or null: they are numbered as they come. */
export function parsePosition(text: string): string | null {
  return /^[1-9]\d{0,14}$/.test(text) ? text : null;
}
