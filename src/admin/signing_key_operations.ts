import * as z from "zod";
import { rotateSigningKeys } from "../managing/signing_keys.ts";
import type { KeyDescription, RotationReport } from "../ports/key_ring.ts";
import { SIGNATURE_ALGORITHMS } from "../protocol/jws.ts";
import { changed, shown } from "./answers.ts";
import { choicesField, isoTime, isoTimeOrNull, timeShape } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

const algorithmShape = z.enum(SIGNATURE_ALGORITHMS);

/** A signing key in answers: its private half is nowhere in this API. */
export const signingKeyShape = z.strictObject({
  kid: z.string(),
  alg: algorithmShape,
  status: z.enum(["next", "active", "retired"]),
  published_at: timeShape,
  activated_at: timeShape.nullable(),
  retired_at: timeShape.nullable(),
});

export const signingKeyListShape = z.strictObject({ data: z.array(signingKeyShape) });

/** What a rotation did for each algorithm. */
export const rotationsShape = z.strictObject({
  rotations: z.array(
    z.strictObject({
      alg: algorithmShape,
      outcome: z
        .enum(["rotated", "scheduled"])
        .describe("`scheduled`: the next key is too young for verifiers to know it; it will sign at `at`."),
      at: timeShape,
    }),
  ),
});

const rotateBody = z.strictObject({
  algorithms: choicesField(SIGNATURE_ALGORITHMS)
    .min(1)
    .optional()
    .describe("Those of the ring; all of them when absent."),
  emergency: z
    .boolean()
    .default(false)
    .describe("Withdraws every key that has signed, now: all their tokens die, the one that asks included."),
});

const list = operation({
  id: "list_signing_keys",
  method: "GET",
  path: "/signing-keys",
  summary: "List the keys that sign or signed tokens",
  status: 200,
  answer: signingKeyListShape,
  faults: [],
  body: NO_BODY,
  query: NO_QUERY,
  handle: async (_call, { ring }) => shown({ data: (await ring.describe()).map(showSigningKey) }),
});

const rotate = operation({
  id: "rotate_signing_keys",
  method: "POST",
  path: "/signing-keys/rotate",
  summary: "Let the next signing keys take over",
  status: 200,
  answer: rotationsShape,
  faults: [],
  isRecordedFirst: true,
  body: { schema: rotateBody, presence: "optional" },
  query: NO_QUERY,
  handle: async ({ body }, management) =>
    changed(
      await rotateSigningKeys(body.algorithms ?? [], body.emergency, management),
      (rotations) => rotations.map(({ alg }) => alg).join(","),
      (rotations) => ({ rotations: rotations.map(showRotation) }),
    ),
});

function showSigningKey(key: KeyDescription): z.output<typeof signingKeyShape> {
  return {
    kid: key.kid,
    alg: key.alg,
    status: key.status,
    published_at: isoTime(key.publishedAtMs),
    activated_at: isoTimeOrNull(key.activatedAtMs),
    retired_at: isoTimeOrNull(key.retiredAtMs),
  };
}

function showRotation({ alg, outcome, atMs }: RotationReport) {
  return { alg, outcome, at: isoTime(atMs) };
}

export const signingKeyOperations: readonly Operation[] = [list, rotate];
