import * as z from "zod";
import type { ConfigVersion } from "../ports/config_versions.ts";
import { BUNDLED } from "../protocol/edge_feed.ts";
import { isoTime, timeShape } from "./field_shapes.ts";

/** Published configurations as operators send and see them. */

const HASH = /^[0-9a-f]{64}$/;
/** No control characters: it is shown in lists. */
const NOTE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

export const hashShape = z
  .string()
  .describe("SHA-256 of the configuration's canonical JSON, in hexadecimal; `bundled` for what was deployed.");

/** The hash of a snapshot, or `bundled`; null for anything that neither can be. */
export function parseConfigHash(text: string): string | null {
  return text === BUNDLED || HASH.test(text) ? text : null;
}

export const noteField = z
  .string()
  .max(500)
  .refine((note) => NOTE.test(note), "has control or invisible characters")
  .default("")
  .meta({ pattern: NOTE.source, description: "Why; shown in the history." });

const parentField = z
  .int()
  .min(0)
  .describe("The current version as you have seen it, 0 where none was ever published. Another one is `conflict`.");

export const publishBody = z.strictObject({
  config: z
    .record(z.string(), z.unknown())
    .describe("What `sallyport.config.ts` makes, as JSON. `npm run cli -- schema` prints its schema."),
  parent: parentField,
  note: noteField,
});

export const rollbackBody = z.strictObject({
  to: z
    .string()
    .refine((text) => parseConfigHash(text) !== null, "is not a hash, nor `bundled`")
    .optional()
    .describe("A hash that ran before, or `bundled`. What ran before the current version where absent."),
  parent: parentField.optional(),
  note: noteField,
});

export const configVersionShape = z.strictObject({
  version: z.int(),
  hash: hashShape,
  parent: z.int().describe("The version before it; 0 for none."),
  restores: z.int().nullable().describe("The version that was gone back to; null for a publish."),
  bundle: hashShape.describe("The hash of the deployed configuration that it was published over."),
  actor: z.string(),
  note: z.string(),
  created_at: timeShape,
});

export const configVersionListShape = z.strictObject({
  data: z.array(configVersionShape),
  next_cursor: z.string().nullable(),
});

const pointerShape = z.strictObject({ version: z.int(), hash: hashShape });

export const configShape = z.strictObject({
  current: configVersionShape.nullable().describe("What gates are told to run; null where none was ever published."),
  running: pointerShape.nullable().describe("What the isolate that answers here runs."),
  in_step: z.boolean().describe("Whether that is what it is told to run."),
  bundle: hashShape.describe("The hash of the configuration that was deployed with the code."),
  drift: z
    .boolean()
    .describe("Another configuration was deployed since the current one was published. The published one runs."),
});

export const configSnapshotShape = z.strictObject({ hash: hashShape, config: z.record(z.string(), z.unknown()) });

/** A version as operators see it. */
export function showConfigVersion(version: ConfigVersion): z.output<typeof configVersionShape> {
  const { createdAtMs, hash, parent, restores, bundle, actor, note } = version;
  return { version: version.version, hash, parent, restores, bundle, actor, note, created_at: isoTime(createdAtMs) };
}
