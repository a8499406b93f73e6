import { Hono } from "hono";
import { logLastResort } from "../http/log.ts";
import { requestScope, type ScopedEnv } from "../http/request_scope.ts";
import { wholeRequest } from "../http/whole_request.ts";
import type { Admission } from "../managing/authenticate_admin.ts";
import { type AdminEnv, admitAdmins } from "./admission.ts";
import { apiKeyCreditOperations } from "./api_key_credit_operations.ts";
import { apiKeyOperations } from "./api_key_operations.ts";
import { assignmentOperations } from "./assignment_operations.ts";
import { auditOperations } from "./audit_operations.ts";
import { clientOperations } from "./client_operations.ts";
import { clientSecretOperations } from "./client_secret_operations.ts";
import { configOperations, MAX_PUBLISH_BYTES } from "./config_operations.ts";
import { explainOperations } from "./explain_operations.ts";
import type { Managed } from "./managed.ts";
import { ADMIN_BASE, openApiDocument } from "./openapi_document.ts";
import type { Operation } from "./operation.ts";
import { recordOperations } from "./record_operations.ts";
import { relationOperations } from "./relation_operations.ts";
import { roleOperations } from "./role_operations.ts";
import { routeOperations } from "./route_operations.ts";
import { faultResponse, runOperation } from "./run_operation.ts";
import { type SecretScanning, secretScanningRoute } from "./secret_scanning_route.ts";
import { shadowOperations } from "./shadow_operations.ts";
import { signingKeyOperations } from "./signing_key_operations.ts";
import { userAccessOperations } from "./user_access_operations.ts";
import { userOperations } from "./user_operations.ts";

/** What the admin app is built from. */
export interface AdminParts extends Managed, Admission {
  /** The intake of leaked keys; null where it is turned off. */
  readonly scanning: SecretScanning | null;
}

const SECRET_SCANNING_PATH = "/secret-scanning";
const OPENAPI_PATH = `${ADMIN_BASE}/openapi.json`;
const DOCUMENT_MAX_AGE_SECONDS = 300;
/** Enough for a configuration over a slow line. */
const BODY_BOUNDS = { maxBytes: MAX_PUBLISH_BYTES, deadlineMs: 30_000 };

/** Everything that the admin API does, in the order of its document. */
export const OPERATIONS: readonly Operation[] = [
  ...clientOperations,
  ...clientSecretOperations,
  ...apiKeyOperations,
  ...apiKeyCreditOperations,
  ...signingKeyOperations,
  ...userOperations,
  ...userAccessOperations,
  ...roleOperations,
  ...assignmentOperations,
  ...relationOperations,
  ...recordOperations,
  ...auditOperations,
  ...routeOperations,
  ...configOperations,
  ...explainOperations,
  ...shadowOperations,
];

/**
 * The admin API over HTTP. Owns admission before every path, the mapping of refusals to problems, and one log line per
 * act. Refuses cookies, unknown fields and anything not in `OPERATIONS`: routes, validation and the OpenAPI document come
 * from that one table. The document alone is public: it is the same in every installation but for the issuer's URL, and
 * tools read it before they have a token.
 */
export function adminApp(parts: AdminParts): Hono<ScopedEnv> {
  const app = new Hono<ScopedEnv>();
  app.use(requestScope());
  app.get(OPENAPI_PATH, () => documentResponse(parts.issuerUrl));
  app.all(OPENAPI_PATH, (c) => methodNotAllowed(c.var.scope.requestId, ["GET"]));
  const { scanning } = parts;
  app.all(SECRET_SCANNING_PATH, (c) =>
    scanning === null ? faultResponse({ code: "not_found" }, c.var.scope.requestId) : secretScanningRoute(c, scanning),
  );
  app.route("/", guardedOperations(parts));
  app.notFound((c) => faultResponse({ code: "not_found" }, c.var.scope.requestId));
  app.onError((error, c) => lastResort(error, c.req.path, c.var.scope.requestId));
  return app;
}

/** Every operation behind admission, and 405 for the other methods of their paths. */
function guardedOperations(parts: AdminParts): Hono<AdminEnv> {
  const guarded = new Hono<AdminEnv>();
  const admit = admitAdmins(parts);
  // Strangers are not read to the end. Who is admitted is looked at again then: a token may have ended while its request was held back.
  guarded.use(admit);
  guarded.use(wholeRequest(BODY_BOUNDS, (c) => faultResponse({ code: "request_timeout" }, c.var.scope.requestId)));
  guarded.use((c, next) => (c.req.raw.body === null ? next() : admit(c, next)));
  for (const [path, operations] of Map.groupBy(OPERATIONS, routingPath)) {
    for (const operation of operations) {
      guarded.on(operation.method, path, (c) => runOperation(c, operation, parts));
    }
    const methods = operations.map(({ method }) => method);
    guarded.all(path, (c) => methodNotAllowed(c.var.scope.requestId, methods));
  }
  return guarded;
}

/** The router's spelling of a documented path: `{name}` becomes `:name`. */
function routingPath({ path }: Operation): string {
  return `${ADMIN_BASE}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

/** RFC 9110 §15.5.6: says what would work. HEAD works where GET does. */
function methodNotAllowed(requestId: string, methods: readonly string[]): Response {
  const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
  return faultResponse({ code: "method_not_allowed", allow }, requestId);
}

function documentResponse(issuerUrl: string): Response {
  const headers = {
    "content-type": "application/json",
    "cache-control": `public, max-age=${DOCUMENT_MAX_AGE_SECONDS}`,
  };
  return new Response(JSON.stringify(openApiDocument(OPERATIONS, issuerUrl)), { headers });
}

/** Whatever nobody expected: an outage says when to come back, anything else says nothing. */
function lastResort(error: Error, path: string, requestId: string): Response {
  const dependency = logLastResort(error, path, requestId);
  return faultResponse({ code: dependency === null ? "internal_error" : "temporarily_unavailable" }, requestId);
}
