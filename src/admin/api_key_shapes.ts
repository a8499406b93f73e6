import * as z from "zod";
import type { ApiKeyPatch } from "../managing/change_api_key.ts";
import type { ApiKeyDraft } from "../managing/create_api_key.ts";
import { liveStrings } from "../managing/live_strings.ts";
import type { ApiKey } from "../ports/api_keys.ts";
import { isoTime, isoTimeOrNull, momentField, nameField, rolesField, scopesField, timeShape } from "./field_shapes.ts";

const DAY_SECONDS = 86_400;

const environmentField = z.enum(["live", "test"]);
const kindField = z
  .enum(["secret", "publishable"])
  .describe("A publishable key may ship in browsers and opens only routes that allow it.");
const expiryField = momentField.nullable().describe("When the key ends, in the future; null for never.");

/** The body of `POST /keys`, read as a draft. */
export const newApiKeyBody = z
  .strictObject({
    name: nameField,
    environment: environmentField,
    kind: kindField.default("secret"),
    scopes: scopesField,
    roles: rolesField.default([]),
    expires_at: expiryField.optional(),
  })
  .transform(
    ({ expires_at, ...given }): ApiKeyDraft => ({
      ...given,
      expiresAtMs: expires_at ?? null,
    }),
  );

/** The body of `PATCH /keys/{key_id}`, read as a patch. */
export const apiKeyPatchBody = z
  .strictObject({
    name: nameField.optional(),
    scopes: scopesField.optional(),
    roles: rolesField.optional(),
    disabled: z.boolean().optional(),
    expires_at: expiryField.optional(),
  })
  .transform(({ expires_at, ...given }): ApiKeyPatch => ({ ...given, expiresAtMs: expires_at }));

/** The body of `POST /keys/{key_id}/rotate`: the overlap in milliseconds. */
export const rotateApiKeyBody = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(30 * DAY_SECONDS)
      .default(DAY_SECONDS)
      .describe(
        "How long the previous string goes on working; 0 ends every older string at once, also while another rotation overlaps.",
      ),
  })
  .transform(({ overlap_seconds }) => overlap_seconds * 1000);

/** A key in answers. */
export const apiKeyShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  environment: environmentField,
  kind: kindField,
  scopes: z.array(z.string()),
  roles: z.array(z.string()),
  disabled: z.boolean(),
  expires_at: timeShape.nullable(),
  created_at: timeShape,
  updated_at: timeShape,
  secrets: z
    .array(z.strictObject({ last_four: z.string(), created_at: timeShape, expires_at: timeShape.nullable() }))
    .describe("The live strings, the current one first; two while a rotation overlaps."),
});

const keyString = z.string().describe("The key's string. Shown here and never again.");

/** A key in the one answer that shows its first string. */
export const newApiKeyShape = apiKeyShape.extend({ key: keyString });

export const apiKeyListShape = z.strictObject({ data: z.array(apiKeyShape), next_cursor: z.string().nullable() });

/** The one answer that shows a rotated key's new string. */
export const rotatedApiKeyShape = z.strictObject({
  id: z.string(),
  key: keyString,
  previous_expires_at: timeShape.describe("When the string before it ends."),
});

/** `key` as JSON, with the strings that are live at `nowMs`: never their digests. */
export function showApiKey(key: ApiKey, nowMs: number): z.output<typeof apiKeyShape> {
  return {
    id: key.id,
    name: key.name,
    environment: key.environment,
    kind: key.kind,
    scopes: [...key.scopes],
    roles: [...key.roles],
    disabled: key.disabled,
    expires_at: isoTimeOrNull(key.expiresAtMs),
    created_at: isoTime(key.createdAtMs),
    updated_at: isoTime(key.updatedAtMs),
    secrets: liveStrings(key.secrets, nowMs).map(({ lastFour, createdAtMs, expiresAtMs }) => ({
      last_four: lastFour,
      created_at: isoTime(createdAtMs),
      expires_at: isoTimeOrNull(expiresAtMs),
    })),
  };
}
