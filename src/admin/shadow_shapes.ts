import * as z from "zod";
import type { ShadowDifference, ShadowRun, ShadowVersion } from "../ports/shadow.ts";
import { NOTHING_IN_SHADOW } from "../protocol/edge_feed.ts";
import { noteField } from "./config_shapes.ts";
import { isoTime, pageQuery, timeShape } from "./field_shapes.ts";

/** What is tried beside what runs, as operators send and see it. */

const parentField = z
  .int()
  .min(0)
  .optional()
  .describe("The version in shadow as you have seen it, 0 where none ever was. Another one is `conflict`.");

export const shadowBody = z.strictObject({
  config: z.record(z.string(), z.unknown()).describe("As it would be published. It decides nothing."),
  parent: parentField,
  note: noteField,
});

const triedShape = z
  .string()
  .describe("What was tried: a configuration's hash, or `rules` for the rules in shadow of the one that runs.");

export const shadowVersionShape = z.strictObject({
  version: z.int(),
  hash: z.string().nullable().describe("SHA-256 of what is in shadow; null where nothing is."),
  parent: z.int().describe("The version before it; 0 for none."),
  actor: z.string(),
  note: z.string(),
  created_at: timeShape,
});

const runShape = z.strictObject({
  tried: triedShape,
  compared: z.int().describe("Calls that were decided by both."),
  undecided: z
    .int()
    .describe("Calls that cannot be decided behind their answer: by their body, or by what is not in a gate's memory."),
  skipped: z.int().describe("Calls that there was no time for."),
  first_seen: timeShape,
  last_seen: timeShape,
});

const differenceShape = z.strictObject({
  tried: triedShape,
  route: z.string().describe("The live route; empty where none lists the call, `*` where there was no room to tell."),
  action: z.string().describe("The action that was decided on; empty where there is none."),
  live: z.string().describe("`allow`, or the log's reason of the refusal."),
  shadow: z.string().describe("What it would have been."),
  rule: z.string().describe("The rules that make the difference, joined by commas; empty where none do."),
  calls: z.int(),
  first_seen: timeShape,
  last_seen: timeShape,
  examples: z
    .array(z.strictObject({ request_id: z.string(), subject: z.enum(["user", "client", "api_key", "anonymous"]) }))
    .describe("Some of the calls: the log has more of them."),
});

export const shadowListShape = z.strictObject({
  current: shadowVersionShape.nullable().describe("What gates are told to try; null where nothing ever was."),
  runs: z.array(runShape).describe("How much was compared, the latest first."),
  data: z.array(differenceShape),
  next_cursor: z.string().nullable(),
});

export type ShownShadowList = z.output<typeof shadowListShape>;

export const shadowResetShape = z.strictObject({ forgotten: z.int().describe("Differences that are gone.") });

const exactly = z.string().max(500).optional();

export const shadowQuery = pageQuery.extend({
  tried: exactly,
  route: exactly,
  rule: exactly,
  live: exactly,
  shadow: exactly,
});

export const shadowResetQuery = z.strictObject({
  tried: exactly.describe("Only what was counted of this: a hash, or `rules`. Everything where absent."),
});

/** A version as operators see it. */
export function showShadowVersion(version: ShadowVersion): z.output<typeof shadowVersionShape> {
  const { hash, parent, actor, note, createdAtMs } = version;
  const shown = hash === NOTHING_IN_SHADOW ? null : hash;
  return { version: version.version, hash: shown, parent, actor, note, created_at: isoTime(createdAtMs) };
}

export function showShadowRun({ firstMs, lastMs, ...run }: ShadowRun): z.output<typeof runShape> {
  return { ...run, first_seen: isoTime(firstMs), last_seen: isoTime(lastMs) };
}

export function showDifference(difference: ShadowDifference): z.output<typeof differenceShape> {
  const { tried, route, action, live, shadow, rule, calls, firstMs, lastMs, examples } = difference;
  return {
    tried,
    route,
    action,
    live,
    shadow,
    rule,
    calls,
    first_seen: isoTime(firstMs),
    last_seen: isoTime(lastMs),
    examples: examples.map(({ requestId, subject }) => ({ request_id: requestId, subject })),
  };
}
