import * as z from "zod/mini";
import { instant, scopeToken, seconds } from "../terms.ts";
import { actionName, jsonBody, routeResource } from "./action.ts";
import { routeAudit } from "./audit.ts";
import { routeCaptcha } from "./captcha.ts";
import { cookieNames } from "./cookie.ts";
import { routeCors } from "./cors.ts";
import { routeFields } from "./field.ts";
import { limitUse } from "./limit.ts";
import { listNames } from "./list.ts";
import { pageSize, routeContract } from "./openapi.ts";
import { permissions, tenant } from "./role.ts";
import { routeSecurityHeaders } from "./security_headers.ts";
import { routeStream, routeWebSocket } from "./stream.ts";
import { routeTransport } from "./transport.ts";

/** What opens a route. Publishable keys ship in browsers, which also send a session by themselves: a route has to ask for either. */
export const CREDENTIALS = ["bearer", "secret_key", "publishable_key", "session"] as const;

const staleness = z.union([z.literal("deny"), z.strictObject({ allowForSeconds: seconds.check(z.maximum(3_600)) })]);

const deprecation = z.strictObject({
  /** When the route became deprecated (RFC 9745). */
  since: instant,
  /** When it answers 410 (RFC 8594). */
  sunset: instant,
  /** Path or URL of what replaces it, as a `Link` can carry it (RFC 8288); `:name` stands for a parameter of the path. */
  successor: z.string().check(z.regex(/^[\x21-\x3b\x3d\x3f-\x7e]+$/, "must be a URI reference")),
});

/** One rule of the table: which requests, whose, and where to. */
export const route = z.strictObject({
  /** Names the route in logs and limits; `METHODS path` when absent. */
  id: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
  path: z.string(),
  methods: z.array(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])).check(z.minLength(1)),
  origin: z.string(),
  /** Open to anyone, without a look at credentials. A route is closed unless it says so. */
  public: z._default(z.boolean(), false),
  /** How calls have to come, where the gateway's own word is not meant. */
  transport: z._default(routeTransport, {}),
  credentials: z._default(z.array(z.enum(CREDENTIALS)).check(z.minLength(1)), ["bearer", "secret_key"]),
  /** All of these. */
  scopes: z._default(z.array(scopeToken), []),
  /** At least one of these. */
  roles: z._default(z.array(z.string().check(z.minLength(1))), []),
  /** All of these, by what roles may do. */
  permissions,
  /** Whose roles count beside those that count everywhere. */
  tenant: z.optional(tenant),
  /** What its calls ask to do: decided by the policy, after all of the above. */
  action: z.optional(actionName),
  /** What they do it to; an action about no single resource has none. */
  resource: z.optional(routeResource),
  /** Where the resources of its action's type stand in what is sent and answered, where the policy says whom their properties are for. */
  fields: z.optional(routeFields),
  /** Bodies are JSON: for what decides by them, where no contract says so. */
  jsonBody: z.optional(jsonBody),
  /** Limits by name, all of which must grant. */
  limits: z._default(z.array(z.union([z.string(), limitUse])), []),
  /** The lists of networks that calls are held against, in the place of the gateway's. */
  lists: z.optional(listNames),
  /** A challenge for people, in the place of the gateway's; null for none but where something else challenges. */
  captcha: z.optional(z.nullable(routeCaptcha)),
  /** Whether it looks for signals; as the gateway says when absent. */
  signals: z.optional(z.boolean()),
  /** What a call takes of the credits of an API key that has some; 0 for nothing. */
  creditCost: z._default(z.int().check(z.minimum(0), z.maximum(1_000_000)), 1),
  /** What happens while revocations cannot be learnt: fail closed, or go on for a stated time. */
  onStale: z._default(staleness, "deny"),
  maxBodyBytes: z._default(z.int().check(z.minimum(0), z.maximum(100 * 1024 * 1024)), 1024 * 1024),
  /** Of the API that it belongs to: for the inventory. */
  version: z.optional(
    z
      .string()
      .check(
        z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, "is no version: up to 32 of letters, digits, `.`, `_` and `-`"),
      ),
  ),
  deprecation: z.optional(deprecation),
  /** Which of its decisions are kept in the audit trail; `required` lets no call on before its own is safe. */
  audit: z._default(routeAudit, "none"),
  /** Whose pages may call it by script; the gateway's when absent. */
  cors: z.optional(routeCors),
  /** Cookies by their exact names, to the origin and from it. No other passes. */
  cookies: z._default(cookieNames, []),
  securityHeaders: z.optional(routeSecurityHeaders),
  /** What callers may send and see, by an OpenAPI document. */
  openapi: z.optional(routeContract),
  pageSize: z.optional(pageSize),
  /** Calls of it become WebSockets. Without it none does. */
  webSocket: z.optional(routeWebSocket),
  /** What bodies of its answers are bounded by while they are read. */
  stream: z.optional(routeStream),
});
