import * as z from "zod/mini";
import { ATTRIBUTE_TYPES } from "../../policy/attribute_type.ts";
import { NAME, seconds } from "../terms.ts";
import { metadataSource } from "./action.ts";
import { external } from "./external.ts";
import { resourceFields } from "./field.ts";
import { permissions } from "./role.ts";

/* What decides on actions: types of resources with their actions and attributes, relations, and rules. */

const attributes = z._default(z.record(z.string(), z.enum(ATTRIBUTE_TYPES)), {});

const resourceType = z.strictObject({
  /** What rules may name of such a resource. */
  attributes,
  /** The attribute that names the tenant whose roles count on such a resource, for who asks about it without a call. */
  tenant: z.optional(z.string()),
  /** Whom its properties are for. */
  fields: z.optional(resourceFields),
  /** What can be done to it; `read` of `document` is called `document:read`. */
  actions: z._default(
    z.record(
      z.string().check(z.regex(NAME)),
      z.strictObject({
        /** All of these, before any rule is asked. */
        permissions,
        /** A decision point of `external` that has to permit it as well. */
        external: z.optional(z.string()),
      }),
    ),
    {},
  ),
});

/** How the caller must have been authenticated (RFC 9470 §3). */
const stepUp = z.strictObject({
  /** One of these. */
  acrValues: z._default(
    z
      .array(
        z
          .string()
          .check(z.minLength(1), z.maxLength(200), z.regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, "is no value of `acr`")),
      )
      .check(z.maxLength(8)),
    [],
  ),
  /** How long ago at most. */
  maxAgeSeconds: z.optional(seconds),
});

const rule = z.strictObject({
  id: z.string().check(z.regex(NAME)),
  effect: z.enum(["allow", "deny"]),
  /** A condition in CEL. `true` for every call. */
  when: z.string().check(z.minLength(1)),
  /** Actions: `document:read`, `document:*`, or `*` for all. */
  on: z
    .array(
      z
        .string()
        .check(
          z.regex(/^(?:\*|[a-z][a-z0-9_-]{0,62}:(?:\*|[a-z][a-z0-9_-]{0,62}))$/, "is no action, nor `type:*`, nor `*`"),
        ),
    )
    .check(z.minLength(1), z.maxLength(200)),
  /** An `allow` holds only for callers authenticated so; a `deny` only for others. */
  stepUp: z.optional(stepUp),
  /** In shadow it decides nothing: what it would have decided is told. */
  mode: z._default(z.enum(["live", "shadow"]), "live"),
});

export const policy = z.strictObject({
  /** What rules may name of whoever calls. */
  principal: attributes,
  resources: z.record(z.string().check(z.regex(NAME)), resourceType),
  /** Relations by type of object, in the schema's language. */
  relations: z._default(z.record(z.string(), z.record(z.string(), z.string())), {}),
  /** Decision points of others, by the names that actions have for them. */
  external: z._default(z.record(z.string().check(z.regex(NAME)), external), {}),
  rules: z._default(z.array(rule).check(z.maxLength(500)), []),
  /** Origins that are asked what their resources are like, by name. */
  metadata: z._default(z.record(z.string().check(z.regex(NAME)), metadataSource), {}),
});

export type PolicyConfig = z.output<typeof policy>;
export type RuleConfig = PolicyConfig["rules"][number];
