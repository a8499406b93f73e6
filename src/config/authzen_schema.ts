import * as z from "zod";
import { route } from "./route_schema.ts";

const MEBIBYTE = 1024 * 1024;

/** What of a question's context can be believed, by the names that rules have for it under `env`. */
export const CONTEXT_FACTS = [
  "time",
  "address",
  "country",
  "asn",
  "tlsVersion",
  "deviceType",
  "clientType",
  "authTime",
  "acr",
  "amr",
] as const;

/** What is settled for one caller: a client, an API key or a user, by its id. */
const caller = z.strictObject({
  /** Types of resources that it may ask about; all when absent. */
  resourceTypes: z.array(z.string()).min(1).optional(),
  /** Tenants whose resources it may ask about; all when absent. */
  tenants: z.array(z.string().min(1)).min(1).optional(),
  /** What it may say of subjects, over what we know of them. */
  says: z
    .strictObject({
      /** Roles that it may say a subject has (`subject.properties.roles`). */
      roles: z.array(z.string().min(1)).default([]),
      /** Attributes of `policy.principal` (`subject.properties`). */
      attributes: z.array(z.string()).default([]),
    })
    .optional(),
});

/** AuthZEN's Authorization API 1.0 under `/access/v1`: others ask what somebody may do, by the policy. */
export const authzen = z.strictObject({
  /** What opens it, beside the scope `authz:evaluate`. */
  credentials: z
    .array(z.enum(["bearer", "secret_key"]))
    .min(1)
    .default(["bearer", "secret_key"]),
  limits: route.shape.limits,
  transport: route.shape.transport,
  onStale: route.shape.onStale,
  /** Which decisions are kept in the audit trail: the calls, and each evaluation. */
  audit: route.shape.audit,
  maxBodyBytes: z
    .int()
    .min(1024)
    .max(MEBIBYTE)
    .default(MEBIBYTE / 8),
  /** Evaluations in one request. */
  maxEvaluations: z.int().min(1).max(200).default(50),
  /** Whether callers may search, who could otherwise only ask about what they know. */
  search: z
    .strictObject({
      /** Results in one answer. */
      maxPageSize: z.int().min(1).max(500).default(100),
      /** Candidates that are decided on for one answer. */
      maxCandidates: z.int().min(1).max(1_000).default(200),
    })
    .optional(),
  /** Whether answers say why they are no: in a word that is the same for all rules. */
  reasons: z.enum(["none", "codes"]).default("none"),
  /** What of a question's context counts. */
  believes: z.array(z.enum(CONTEXT_FACTS)).default(["address", "country", "deviceType", "clientType"]),
  /** The attribute of each type of resources that names the tenant whose roles count. */
  tenants: z.record(z.string(), z.string()).default({}),
  callers: z.record(z.string().min(1), caller).default({}),
});

export type AuthzenConfig = z.output<typeof authzen>;
