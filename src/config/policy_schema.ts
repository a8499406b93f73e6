import * as z from "zod";
import { ATTRIBUTE_TYPES } from "../rules/rule_schema.ts";
import { metadataSource } from "./action_schema.ts";
import { external } from "./external_schema.ts";
import { permissions } from "./role_schema.ts";
import { NAME, seconds } from "./terms.ts";

/* What decides on actions: types of resources with their actions and attributes, relations, and rules. */

const attributes = z.record(z.string(), z.enum(ATTRIBUTE_TYPES)).default({});

const resourceType = z.strictObject({
  /** What rules may name of such a resource. */
  attributes,
  /** The attribute that names the tenant whose roles count on such a resource, for who asks about it without a call. */
  tenant: z.string().optional(),
  /** What can be done to it; `read` of `document` is called `document:read`. */
  actions: z
    .record(
      z.string().regex(NAME),
      z.strictObject({
        /** All of these, before any rule is asked. */
        permissions,
        /** A decision point of `external` that has to permit it as well. */
        external: z.string().optional(),
      }),
    )
    .default({}),
});

/** How the caller must have been authenticated (RFC 9470 §3). */
const stepUp = z.strictObject({
  /** One of these. */
  acrValues: z
    .array(
      z
        .string()
        .min(1)
        .max(200)
        .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, "is no value of `acr`"),
    )
    .max(8)
    .default([]),
  /** How long ago at most. */
  maxAgeSeconds: seconds.optional(),
});

const rule = z.strictObject({
  id: z.string().regex(NAME),
  effect: z.enum(["allow", "deny"]),
  /** A condition in CEL. `true` for every call. */
  when: z.string().min(1),
  /** Actions: `document:read`, `document:*`, or `*` for all. */
  on: z
    .array(
      z
        .string()
        .regex(/^(?:\*|[a-z][a-z0-9_-]{0,62}:(?:\*|[a-z][a-z0-9_-]{0,62}))$/, "is no action, nor `type:*`, nor `*`"),
    )
    .min(1)
    .max(200),
  /** An `allow` holds only for callers authenticated so; a `deny` only for others. */
  stepUp: stepUp.optional(),
  /** In shadow it decides nothing: what it would have decided is told. */
  mode: z.enum(["live", "shadow"]).default("live"),
});

export const policy = z.strictObject({
  /** What rules may name of whoever calls. */
  principal: attributes,
  resources: z.record(z.string().regex(NAME), resourceType),
  /** Relations by type of object, in the schema's language. */
  relations: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  /** Decision points of others, by the names that actions have for them. */
  external: z.record(z.string().regex(NAME), external).default({}),
  rules: z.array(rule).max(500).default([]),
  /** Origins that are asked what their resources are like, by name. */
  metadata: z.record(z.string().regex(NAME), metadataSource).default({}),
});

export type PolicyConfig = z.output<typeof policy>;
export type RuleConfig = PolicyConfig["rules"][number];
