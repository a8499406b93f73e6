import * as z from "zod";
import { actionName, jsonBody, routeResource } from "./action_schema.ts";
import { routeAudit } from "./audit_schema.ts";
import { routeCaptcha } from "./captcha_schema.ts";
import { cookieNames } from "./cookie_schema.ts";
import { routeCors } from "./cors_schema.ts";
import { limitUse } from "./limit_schema.ts";
import { listNames } from "./list_schema.ts";
import { pageSize, routeContract } from "./openapi_schema.ts";
import { permissions, tenant } from "./role_schema.ts";
import { routeSecurityHeaders } from "./security_headers_schema.ts";
import { routeStream, routeWebSocket } from "./stream_schema.ts";
import { scopeToken, seconds } from "./terms.ts";
import { routeTransport } from "./transport_schema.ts";

/** What opens a route. Publishable keys ship in browsers, which also send a session by themselves: a route has to ask for either. */
export const CREDENTIALS = ["bearer", "secret_key", "publishable_key", "session"] as const;

const staleness = z.union([z.literal("deny"), z.strictObject({ allowForSeconds: seconds.max(3_600) })]);

const deprecation = z.strictObject({
  /** When the route became deprecated (RFC 9745). */
  since: z.iso.datetime(),
  /** When it answers 410 (RFC 8594). */
  sunset: z.iso.datetime(),
  /** Path or URL of what replaces it, as a `Link` can carry it (RFC 8288); `:name` stands for a parameter of the path. */
  successor: z.string().regex(/^[\x21-\x3b\x3d\x3f-\x7e]+$/, "must be a URI reference"),
});

/** One rule of the table: which requests, whose, and where to. */
export const route = z.strictObject({
  /** Names the route in logs and limits; `METHODS path` when absent. */
  id: z.string().min(1).max(100).optional(),
  path: z.string(),
  methods: z.array(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])).min(1),
  origin: z.string(),
  /** Open to anyone, without a look at credentials. A route is closed unless it says so. */
  public: z.boolean().default(false),
  /** How calls have to come, where the gateway's own word is not meant. */
  transport: routeTransport.default({}),
  credentials: z.array(z.enum(CREDENTIALS)).min(1).default(["bearer", "secret_key"]),
  /** All of these. */
  scopes: z.array(scopeToken).default([]),
  /** At least one of these. */
  roles: z.array(z.string().min(1)).default([]),
  /** All of these, by what roles may do. */
  permissions,
  /** Whose roles count beside those that count everywhere. */
  tenant: tenant.optional(),
  /** What its calls ask to do: decided by the policy, after all of the above. */
  action: actionName.optional(),
  /** What they do it to; an action about no single resource has none. */
  resource: routeResource.optional(),
  /** Bodies are JSON: for what decides by them, where no contract says so. */
  jsonBody: jsonBody.optional(),
  /** Limits by name, all of which must grant. */
  limits: z.array(z.union([z.string(), limitUse])).default([]),
  /** The lists of networks that calls are held against, in the place of the gateway's. */
  lists: listNames.optional(),
  /** A challenge for people, in the place of the gateway's; null for none but where something else challenges. */
  captcha: routeCaptcha.nullable().optional(),
  /** Whether it looks for signals; as the gateway says when absent. */
  signals: z.boolean().optional(),
  /** What a call takes of the credits of an API key that has some; 0 for nothing. */
  creditCost: z.int().min(0).max(1_000_000).default(1),
  /** What happens while revocations cannot be learnt: fail closed, or go on for a stated time. */
  onStale: staleness.default("deny"),
  maxBodyBytes: z
    .int()
    .min(0)
    .max(100 * 1024 * 1024)
    .default(1024 * 1024),
  /** Of the API that it belongs to: for the inventory. */
  version: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, "is no version: up to 32 of letters, digits, `.`, `_` and `-`")
    .optional(),
  deprecation: deprecation.optional(),
  /** Which of its decisions are kept in the audit trail; `required` lets no call on before its own is safe. */
  audit: routeAudit.default("none"),
  /** Whose pages may call it by script; the gateway's when absent. */
  cors: routeCors.optional(),
  /** Cookies by their exact names, to the origin and from it. No other passes. */
  cookies: cookieNames.default([]),
  securityHeaders: routeSecurityHeaders.optional(),
  /** What callers may send and see, by an OpenAPI document. */
  openapi: routeContract.optional(),
  pageSize: pageSize.optional(),
  /** Calls of it become WebSockets. Without it none does. */
  webSocket: routeWebSocket.optional(),
  /** What bodies of its answers are bounded by while they are read. */
  stream: routeStream.optional(),
});
