import { describe, expect, it } from "vitest";
import { exportLines } from "../../src/admin/audit_export.ts";
import { acceptsLines, type Lines, lineStream } from "../../src/admin/line_stream.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { parseCursor } from "../../src/managing/list_page.ts";
import type { ListPosition } from "../../src/ports/clients.ts";

interface Item {
  readonly id: string;
  readonly createdAtMs: number;
}

/** A list of `size` items, the newest first, which counts how often it is read, and is out from its `outAt`th reading on. */
function listOf(size: number, outAt = Number.POSITIVE_INFINITY) {
  const all = Array.from({ length: size }, (_, at): Item => ({ id: `${size - at}`, createdAtMs: size - at }));
  const state = { reads: 0 };
  const list = async (limit: number, after: ListPosition | null): Promise<readonly Item[]> => {
    state.reads += 1;
    if (state.reads >= outAt) throw new Outage("d1");
    const from = after === null ? 0 : all.findIndex(({ id }) => id === after.id) + 1;
    return all.slice(from, from + limit);
  };
  return { list, state };
}

async function all(lines: Lines): Promise<readonly object[]> {
  const read: object[] = [];
  for (let piece = await lines.next(); !piece.done; piece = await lines.next()) read.push(...piece.value);
  return read;
}

const show = ({ id }: Item) => ({ id });

describe("an export", () => {
  it.each([0, 1, 499, 500, 501, 1_000, 1_234])(
    "of %i items has all of them once, and a last line that says so",
    async (size) => {
      const lines = await all(await exportLines(listOf(size).list, null, show));
      const ids = Array.from({ length: size }, (_, at) => ({ id: `${size - at}` }));
      expect(lines).toEqual([...ids, { next_cursor: null }]);
    },
  );

  it("is bounded, and says where to go on", async () => {
    const { list, state } = listOf(25_000);
    const first = await all(await exportLines(list, null, show));
    const { next_cursor: cursor } = first.at(-1) as { next_cursor: string };
    expect([first.length, state.reads]).toEqual([20_001, 40]);
    const rest = await all(
      await exportLines(
        list,
        parseCursor(cursor, (id) => id),
        show,
      ),
    );
    expect([rest.length, rest[0], rest.at(-1)]).toEqual([5_001, { id: "5000" }, { next_cursor: null }]);
  });

  it("that cannot begin is an outage, before anything was answered", async () => {
    await expect(exportLines(listOf(10, 1).list, null, show)).rejects.toThrow(Outage);
  });

  it("reads no more than its reader takes, and nothing once that went away", async () => {
    const { list, state } = listOf(10_000);
    const reader = lineStream(await exportLines(list, null, show), () => undefined).getReader();
    await reader.read();
    await reader.cancel();
    const before = state.reads;
    expect(before).toBeLessThan(4);
    await Promise.resolve();
    expect(state.reads).toBe(before);
  });

  it("that is cut off breaks, without its last line, and is told", async () => {
    const told: unknown[] = [];
    const stream = lineStream(await exportLines(listOf(2_000, 3).list, null, show), (error) => told.push(error));
    const reader = stream.getReader();
    const texts: string[] = [];
    const read = async () => {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        texts.push(new TextDecoder().decode(piece.value));
      }
    };
    await expect(read()).rejects.toThrow(Outage);
    expect(texts.join("")).not.toContain("next_cursor");
    expect(told).toHaveLength(1);
  });
});

describe("RFC 9110 12.5.1: lines are for who names them", () => {
  it.each([
    ["application/x-ndjson", true],
    ["application/json, Application/X-NDJSON ; charset=utf-8", true],
    ["application/x-ndjson;q=0.5", true],
    ["application/x-ndjson;q=0", false],
    ["application/x-ndjson; q=0.000", false],
    ["*/*", false],
    ["application/*", false],
    ["application/x-ndjson-other", false],
    ["", false],
    [null, false],
  ])("%j: %s", (accept, takes) => {
    expect(acceptsLines(accept)).toBe(takes);
  });
});
