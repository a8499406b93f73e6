import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64url, utf8 } from "../../src/kernel/bytes.ts";
import { formatCursor, listPage, parseCursor } from "../../src/managing/list_page.ts";
import { parseApiKeyId, parseClientId } from "../../src/protocol/ids.ts";

const ID = "cli_0000000000000000000007";

describe("cursors", () => {
  it("read back as the position they were made from", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (createdAtMs) => {
        const position = { createdAtMs, id: ID };
        expect(parseCursor(formatCursor(position), parseClientId)).toEqual(position);
      }),
    );
  });

  it("are safe in a URL", () => {
    expect(formatCursor({ createdAtMs: 1, id: ID })).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it.each([
    ["empty", ""],
    ["not base64url", "***"],
    ["not UTF-8", toBase64url(new Uint8Array([0xff, 0xfe]))],
    ["without an id", toBase64url(utf8("5."))],
    ["with an id that cannot be", toBase64url(utf8("5.__proto__"))],
    ["with a negative time", toBase64url(utf8(`-5.${ID}`))],
    ["with a time in another spelling", toBase64url(utf8(`05.${ID}`))],
    ["with a time beyond exact numbers", toBase64url(utf8(`9999999999999999.${ID}`))],
    ["with more behind it", toBase64url(utf8(`5.${ID}.6`))],
    ["too long", "A".repeat(400)],
  ])("refuse one that is %s", (_name, text) => {
    expect(parseCursor(text, parseClientId)).toBeNull();
  });

  it("refuse one of a list of other things", () => {
    expect(parseCursor(formatCursor({ createdAtMs: 5, id: ID }), parseApiKeyId)).toBeNull();
  });

  it("any text is read or refused, never thrown on", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCursor(text, parseClientId)));
  });
});

describe("pages", () => {
  const all = Array.from({ length: 7 }, (_, at) => ({ id: `id${at}`, createdAtMs: at }));
  const list = async (limit: number, after: { createdAtMs: number } | null) =>
    all.filter(({ createdAtMs }) => createdAtMs > (after?.createdAtMs ?? -1)).slice(0, limit);

  it.each([1, 2, 3, 6, 7, 8])("of %i meet every item once, and the last page has no next", async (limit) => {
    const seen: string[] = [];
    let page = await listPage(list, limit, null);
    for (
      seen.push(...page.items.map(({ id }) => id));
      page.next !== null;
      seen.push(...page.items.map(({ id }) => id))
    ) {
      page = await listPage(list, limit, page.next);
    }
    expect(seen).toEqual(all.map(({ id }) => id));
  });
});
