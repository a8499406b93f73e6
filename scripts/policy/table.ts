import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { questionFields } from "../../src/admin/explain_shapes.ts";

/** Decision tables: what has to be decided, case by case. */

const members = z.record(z.string(), z.unknown());

const role = z.strictObject({
  id: z.string().min(1),
  permissions: z.array(z.string()).default([]),
  inherits: z.array(z.string()).default([]),
});

/** What an installation knows beside its configuration. */
export const offlineFacts = z.strictObject({
  roles: z.array(role).default([]),
  relations: z.array(z.string()).default([]),
});

const tableCase = questionFields.extend({
  name: z.string().min(1),
  /** Tuples beside those of the table. */
  relations: z.array(z.string()).default([]),
  expect: z.enum(["allow", "deny"]),
  /** The log's word for a denial. */
  because: z.string().optional(),
  /** The rules that make the verdict, in any order. */
  rules: z.array(z.string()).optional(),
});

export const decisionTable = z.strictObject({
  $schema: z.string().optional(),
  /** What roles may do. */
  roles: z.array(role).default([]),
  /** Tuples that all cases have. */
  relations: z.array(z.string()).default([]),
  /** What the context of all cases has, unless they say otherwise. */
  context: members.default({}),
  cases: z.array(tableCase).min(1),
});

export type DecisionTable = z.output<typeof decisionTable>;
/** What a table is written as. */
export type WrittenDecisionTable = z.input<typeof decisionTable>;
export type TableCase = DecisionTable["cases"][number];

/** A file that is no decision table, in words for whoever wrote it. */
export class TableFault extends Error {
  override readonly name = "TableFault";
}

/** Reads the table in `path`: JSON, or a module whose default export it is. Throws `TableFault`. */
export async function readTable(path: string): Promise<DecisionTable> {
  const written = extname(path) === ".json" ? readJson(path) : await readModule(path);
  const table = decisionTable.safeParse(written);
  if (table.success) return table.data;
  const faults = table.error.issues.map(({ path: place, message }) => `  ${place.join(".")}: ${message}`);
  throw new TableFault(`${path} is no decision table:\n${faults.join("\n")}`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new TableFault(`${path} cannot be read: ${String(error)}`);
  }
}

async function readModule(path: string): Promise<unknown> {
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(path).href);
    return module.default;
  } catch (error) {
    throw new TableFault(`${path} cannot be read: ${String(error)}`);
  }
}
