import { describe, expect, it } from "vitest";
import {
  type ExactObject,
  isExactArray,
  isExactObject,
  readExactJson,
  writeExactJson,
} from "../../../src/kernel/exact_json.ts";
import { SchemaCompiler } from "../../../src/openapi/compile_schema.ts";
import { Judge } from "../../../src/openapi/judge.ts";
import { LocalDocument } from "../../../src/openapi/local_document.ts";
import type { DocumentFault } from "../../../src/openapi/schema_terms.ts";

/* The official test suite of JSON Schema 2020-12, each case as text, so that numbers and names come as from a caller. */

interface Group {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>> | boolean;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

const texts = import.meta.glob("../../vectors/json-schema/*.json", {
  eager: true,
  import: "default",
  query: "?raw",
});
const files = Object.fromEntries(
  Object.entries(texts).map(([path, text]) => [
    path.replace(/^.*\//, ""),
    { groups: JSON.parse(text) as Group[], exact: exactly(text) },
  ]),
);

/** The same with every number as it is written. */
function exactly(text: string): readonly ExactObject[] {
  const read = readExactJson(text, { maxDepth: 64, strict: false });
  return read.ok && isExactArray(read.value) ? read.value.filter(isExactObject) : [];
}

/** Why a schema of the suite is refused here, which is as good as judging by it. */
const REFUSED =
  /not enforced here|leads out of the document|leads nowhere|is not checked here|repeats without|looks about|is no JSON pointer|two ways|is missing beside|ties only|refers to itself/;

describe.each(Object.entries(files))("%s", (_, { groups, exact }) => {
  it.each(groups.map((group, index) => [group.description, group, exact[index]?.tests ?? []] as const))(
    "%s",
    (_, { schema, tests }, exactTests) => {
      const faults: DocumentFault[] = [];
      const root = typeof schema === "boolean" ? schema : withoutDialect(schema);
      const compiler = new SchemaCompiler(
        new LocalDocument(root === true || root === false ? {} : root),
        "response",
        faults,
      );
      const node = compiler.node(root, "");
      compiler.tellOfCircles();
      if (faults.length > 0) {
        expect(faults.map(({ reason }) => reason).filter((reason) => !REFUSED.test(reason))).toEqual([]);
        return;
      }
      const wrong = tests.filter(({ valid }, index) => {
        const data = (exactTests as readonly ExactObject[])[index]?.data ?? null;
        return new Judge(writeExactJson(data).length).fits(node, data) !== valid;
      });
      expect(wrong.map(({ description }) => description)).toEqual([]);
    },
  );
});

it("most of the suite is judged, and not refused", () => {
  const judged = Object.values(files)
    .flatMap(({ groups }) => groups)
    .filter(({ schema }) => {
      const faults: DocumentFault[] = [];
      if (typeof schema === "boolean") return true;
      const root = withoutDialect(schema);
      new SchemaCompiler(new LocalDocument(root), "response", faults).node(root, "");
      return faults.length === 0;
    });
  expect(judged.length).toBeGreaterThan(200);
});

/** The suite names its dialect in every schema. */
function withoutDialect(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { $schema: _, ...rest } = schema;
  return rest;
}
