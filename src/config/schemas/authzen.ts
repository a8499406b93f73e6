import * as z from "zod/mini";
import { CONTEXT_FACTS } from "../../policy/context_fact.ts";
import { route } from "./route.ts";

const MEBIBYTE = 1024 * 1024;

/** What is settled for one caller: a client, an API key or a user, by its id. */
const caller = z.strictObject({
  /** Types of resources that it may ask about; all when absent. */
  resourceTypes: z.optional(z.array(z.string()).check(z.minLength(1))),
  /** Tenants whose resources it may ask about; all when absent. */
  tenants: z.optional(z.array(z.string().check(z.minLength(1))).check(z.minLength(1))),
  /** What it may say of subjects, over what we know of them. */
  says: z.optional(
    z.strictObject({
      /** Roles that it may say a subject has (`subject.properties.roles`). */
      roles: z._default(z.array(z.string().check(z.minLength(1))), []),
      /** Attributes of `policy.principal` (`subject.properties`). */
      attributes: z._default(z.array(z.string()), []),
    }),
  ),
});

/** AuthZEN's Authorization API 1.0 under `/access/v1`: others ask what somebody may do, by the policy. */
export const authzen = z.strictObject({
  /** What opens it, beside the scope `authz:evaluate`. */
  credentials: z._default(z.array(z.enum(["bearer", "secret_key"])).check(z.minLength(1)), ["bearer", "secret_key"]),
  limits: route.shape.limits,
  transport: route.shape.transport,
  onStale: route.shape.onStale,
  /** Which decisions are kept in the audit trail: the calls, and each evaluation. */
  audit: route.shape.audit,
  maxBodyBytes: z._default(z.int().check(z.minimum(1024), z.maximum(MEBIBYTE)), MEBIBYTE / 8),
  /** Evaluations in one request. */
  maxEvaluations: z._default(z.int().check(z.minimum(1), z.maximum(200)), 50),
  /** Whether callers may search, who could otherwise only ask about what they know. */
  search: z.optional(
    z.strictObject({
      /** Results in one answer. */
      maxPageSize: z._default(z.int().check(z.minimum(1), z.maximum(500)), 100),
      /** Candidates that are decided on for one answer. */
      maxCandidates: z._default(z.int().check(z.minimum(1), z.maximum(1_000)), 200),
    }),
  ),
  /** Whether answers say why they are no: in a word that is the same for all rules. */
  reasons: z._default(z.enum(["none", "codes"]), "none"),
  /** Names of `policy.metadata`: who is asked what a resource is like, one for a type; all that there are when absent. */
  metadata: z.optional(z.array(z.string())),
  /** What of a question's context counts. */
  believes: z._default(z.array(z.enum(CONTEXT_FACTS)), ["address", "country", "deviceType", "clientType"]),
  callers: z._default(z.record(z.string().check(z.minLength(1)), caller), {}),
});

export type AuthzenConfig = z.output<typeof authzen>;
