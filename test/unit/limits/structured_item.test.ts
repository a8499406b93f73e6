import { parseItem, parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { structuredInteger, structuredString } from "../../../src/limits/structured_item.ts";
import lists from "../../vectors/structured-fields/list.json";
import numbers from "../../vectors/structured-fields/number.json";
import parameterLists from "../../vectors/structured-fields/param-list.json";
import strings from "../../vectors/structured-fields/string.json";

/** A case of httpwg/structured-field-tests. */
interface Vector {
  readonly name: string;
  readonly raw: readonly string[];
  readonly header_type: string;
  readonly expected?: unknown;
  readonly canonical?: readonly string[];
  readonly must_fail?: boolean;
}

const STRINGS: readonly Vector[] = strings;
const NUMBERS: readonly Vector[] = numbers;
const LISTS: readonly Vector[] = [...lists, ...parameterLists];

/** The bare item of a vector for an item without parameters. */
function bare({ expected }: Vector): unknown {
  return Array.isArray(expected) ? expected[0] : undefined;
}

const readable = (vector: Vector) => vector.must_fail !== true;
/** How the vectors write what our serializer must write. */
const canonical = ({ canonical: written, raw }: Vector) => (written ?? raw).join(", ");

describe("RFC 9651: our serializer against the published vectors", () => {
  it.each(STRINGS.filter(readable))("writes a string as they do: $name", (vector) => {
    expect(structuredString(String(bare(vector)))).toBe(canonical(vector));
  });

  it.each(NUMBERS.filter((vector) => readable(vector) && /^-?\d+$/.test(canonical(vector))))(
    "writes an integer as they do: $name",
    (vector) => {
      expect(structuredInteger(Number(bare(vector)))).toBe(canonical(vector));
    },
  );

  it.each([1e15, -1e15, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s as an integer", (value) => {
    expect(() => structuredInteger(value)).toThrow(RangeError);
  });
});

describe("RFC 9651: the parser that reads our fields in tests, against the published vectors", () => {
  const plain = (vector: Vector) => JSON.stringify(vector.expected)?.includes("__type") !== true;

  it.each(LISTS.filter((vector) => readable(vector) && plain(vector)))("reads the list: $name", (vector) => {
    const read = parseList(vector.raw.join(", ")).map(([item, parameters]) => [item, [...parameters]]);
    expect(read).toEqual(vector.expected);
  });

  it.each(LISTS.filter((vector) => !readable(vector)))("refuses the list: $name", ({ raw }) => {
    expect(() => parseList(raw.join(", "))).toThrow();
  });

  it.each([...STRINGS, ...NUMBERS].filter((vector) => !readable(vector)))("refuses the item: $name", ({ raw }) => {
    expect(() => parseItem(raw.join(", "))).toThrow();
  });
});
