import * as z from "zod";
import type { ApiKeyPatch } from "../managing/change_api_key.ts";
import type { ApiKeyDraft } from "../managing/create_api_key.ts";
import { liveStrings } from "../managing/live_strings.ts";
import type { ApiKey, ApiKeyFilter, ApiKeyLeak } from "../ports/api_keys.ts";
import { apiKeyPrefix } from "../protocol/api_key.ts";
import {
  addressesField,
  creditsField,
  creditsShape,
  limitsField,
  limitsShape,
  metadataField,
  originsField,
  ownerField,
  showCredits,
  showLimit,
} from "./api_key_term_fields.ts";
import {
  attributesField,
  holdingShapes,
  isoTime,
  isoTimeOrNull,
  momentField,
  nameField,
  pageQuery,
  rolesField,
  scopesField,
  showHoldings,
  timeShape,
} from "./field_shapes.ts";

const DAY_SECONDS = 86_400;

const PREFIXES = ["sk_live_", "sk_test_", "pk_live_", "pk_test_"] as const;
const KINDS_BY_PREFIX = new Map(
  (["secret", "publishable"] as const).flatMap((kind) =>
    (["live", "test"] as const).map((environment) => [apiKeyPrefix(kind, environment), [kind, environment]] as const),
  ),
);

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
    attributes: attributesField.optional(),
    owner: ownerField.default(null),
    metadata: metadataField.default({}),
    allowed_addresses: addressesField.default(null),
    allowed_origins: originsField.default(null),
    limits: limitsField.prefault([]),
    credits: creditsField.prefault(null),
    expires_at: expiryField.optional(),
  })
  .transform(
    ({ expires_at, allowed_addresses, allowed_origins, ...given }): ApiKeyDraft => ({
      ...given,
      allowedAddresses: allowed_addresses,
      allowedOrigins: allowed_origins,
      expiresAtMs: expires_at ?? null,
    }),
  );

/** The body of `PATCH /keys/{key_id}`, read as a patch. */
export const apiKeyPatchBody = z
  .strictObject({
    name: nameField.optional(),
    scopes: scopesField.optional(),
    roles: rolesField.optional(),
    attributes: attributesField.optional(),
    owner: ownerField.optional(),
    metadata: metadataField.optional(),
    allowed_addresses: addressesField.optional(),
    allowed_origins: originsField.optional(),
    limits: limitsField.optional(),
    credits: creditsField.optional(),
    disabled: z.boolean().optional(),
    expires_at: expiryField.optional(),
  })
  .transform(
    ({ expires_at, allowed_addresses, allowed_origins, ...given }): ApiKeyPatch => ({
      ...given,
      allowedAddresses: allowed_addresses,
      allowedOrigins: allowed_origins,
      expiresAtMs: expires_at,
    }),
  );

/** The query of `GET /keys`. */
export const keyListQuery = z.strictObject({
  ...pageQuery.shape,
  owner: z.string().min(1).max(100).optional().describe("Keys of this owner alone."),
  prefix: z.enum(PREFIXES).optional().describe("Keys whose strings begin like this."),
  last_four: z
    .string()
    .regex(/^[0-9A-Za-z]{4}$/)
    .optional()
    .describe("Keys one of whose live strings ends like this."),
});

/** What `query` asks of a list. */
export function keyFilter({ owner, prefix, last_four }: z.output<typeof keyListQuery>): ApiKeyFilter {
  const [kind, environment] = KINDS_BY_PREFIX.get(prefix ?? "") ?? [];
  return { owner, kind, environment, lastFour: last_four };
}

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

const leakShape = z.strictObject({
  last_four: z.string(),
  found_at: timeShape,
  source: z.string(),
  url: z.string().nullable(),
});

/** A key in answers. */
export const apiKeyShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  environment: environmentField,
  kind: kindField,
  prefix: z.string(),
  scopes: z.array(z.string()),
  roles: z.array(z.string()),
  ...holdingShapes,
  owner: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  allowed_addresses: z.array(z.string()).nullable(),
  allowed_origins: z.array(z.string()).nullable(),
  limits: limitsShape,
  credits: creditsShape.describe("What was set. `GET /keys/{key_id}/credits` says what is left."),
  disabled: z.boolean(),
  expires_at: timeShape.nullable(),
  created_at: timeShape,
  updated_at: timeShape,
  last_used_at: timeShape.nullable().describe("About when the key last opened a route: to within minutes."),
  leak: leakShape.nullable().describe("The newest report of one of its strings in public. That string has ended."),
  secrets: z
    .array(z.strictObject({ last_four: z.string(), created_at: timeShape, expires_at: timeShape.nullable() }))
    .describe(
      "The live strings, the current one first; two while a rotation overlaps, none where the last one leaked.",
    ),
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
    prefix: apiKeyPrefix(key.kind, key.environment),
    scopes: [...key.scopes],
    roles: [...key.roles],
    ...showHoldings(key),
    owner: key.owner,
    metadata: { ...key.metadata },
    allowed_addresses: key.allowedAddresses === null ? null : [...key.allowedAddresses],
    allowed_origins: key.allowedOrigins === null ? null : [...key.allowedOrigins],
    limits: key.limits.map(showLimit),
    credits: showCredits(key.credits),
    disabled: key.disabled,
    expires_at: isoTimeOrNull(key.expiresAtMs),
    created_at: isoTime(key.createdAtMs),
    updated_at: isoTime(key.updatedAtMs),
    last_used_at: isoTimeOrNull(key.lastUsedAtMs),
    leak: key.leak === null ? null : showLeak(key.leak),
    secrets: liveStrings(key.secrets, nowMs).map(({ lastFour, createdAtMs, expiresAtMs }) => ({
      last_four: lastFour,
      created_at: isoTime(createdAtMs),
      expires_at: isoTimeOrNull(expiresAtMs),
    })),
  };
}

function showLeak({ lastFour, foundAtMs, source, url }: ApiKeyLeak): z.output<typeof leakShape> {
  return { last_four: lastFour, found_at: isoTime(foundAtMs), source, url };
}
