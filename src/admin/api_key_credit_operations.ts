import * as z from "zod";
import { err } from "../kernel/result.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { parseApiKeyId } from "../protocol/ids.ts";
import { pathId, shown } from "./answers.ts";
import { isoTimeOrNull, timeShape } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

/** What is left of a key's credits. */
export const keyCreditsShape = z.strictObject({
  left: z.int().nullable().describe("Null where the key has no credits to count: it may be used without end."),
  next_refill_at: timeShape.nullable().describe("When something comes back next; null for never."),
});

const read = operation({
  id: "read_key_credits",
  method: "GET",
  path: "/keys/{key_id}/credits",
  summary: "Read what is left of an API key's credits",
  status: 200,
  answer: keyCreditsShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params }, { keys, credits }) {
    const id = pathId(params.key_id, parseApiKeyId);
    const key = id.ok ? await keys.get(id.value) : null;
    if (key === null) return err(NOT_FOUND);
    if (key.credits === null) return shown({ left: null, next_refill_at: null });
    const { left, nextRefillMs } = await credits.stateOf(key.id, key.credits);
    return shown({ left, next_refill_at: isoTimeOrNull(nextRefillMs) });
  },
});

export const apiKeyCreditOperations: readonly Operation[] = [read];
