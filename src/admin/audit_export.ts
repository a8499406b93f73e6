import { formatCursor, type ListPage, listPage } from "../managing/list_page.ts";
import type { ListPosition } from "../ports/clients.ts";
import type { Lines } from "./line_stream.ts";

/** Read at once: some hundred kilobytes. */
const PAGE = 500;
/** A Worker may ask D1 so many times for one request, and be at work for so long: 20,000 items in one export. */
const MOST_PAGES = 40;

type List<T> = (limit: number, after: ListPosition | null) => Promise<readonly T[]>;

/**
 * A list from `after` on, page behind page, with a last line `{"next_cursor"}`: null where that was all of it, and where to go on otherwise.
 * The first page is there once this settles, so that an outage is answered as one. Throws `Outage`, then and later.
 */
export async function exportLines<T extends { readonly id: string; readonly createdAtMs: number }>(
  list: List<T>,
  after: ListPosition | null,
  show: (item: T) => object,
): Promise<Lines> {
  return pages(list, await listPage(list, PAGE, after), show);
}

async function* pages<T extends { readonly id: string; readonly createdAtMs: number }>(
  list: List<T>,
  first: ListPage<T>,
  show: (item: T) => object,
): AsyncGenerator<readonly object[], void> {
  let page = first;
  for (let read = 1; page.next !== null && read < MOST_PAGES; read++) {
    yield page.items.map(show);
    page = await listPage(list, PAGE, page.next);
  }
  yield [...page.items.map(show), { next_cursor: page.next && formatCursor(page.next) }];
}
