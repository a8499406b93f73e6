import { describe, expect, it } from "vitest";
import { type AdminFault, describeFault, FAULTS } from "../../src/admin/fault.ts";

const INVALID = 'Bearer error="invalid_request"';

const TABLE: readonly (readonly [AdminFault, status: number, headers: Readonly<Record<string, string>>])[] = [
  [{ code: "validation_failed", errors: [{ field: "name", reason: "is required" }] }, 400, {}],
  [{ code: "invalid_json" }, 400, {}],
  [{ code: "ambiguous_credentials" }, 400, { "www-authenticate": INVALID }],
  [{ code: "credential_in_query" }, 400, { "www-authenticate": INVALID }],
  [{ code: "unauthenticated" }, 401, { "www-authenticate": "Bearer" }],
  [
    { code: "invalid_token", reason: "token_signature_wrong" },
    401,
    { "www-authenticate": 'Bearer error="invalid_token", error_description="the access token is not valid here"' },
  ],
  [
    { code: "invalid_token", reason: "token_expired" },
    401,
    { "www-authenticate": 'Bearer error="invalid_token", error_description="the access token expired"' },
  ],
  [{ code: "insufficient_scope" }, 403, { "www-authenticate": 'Bearer error="insufficient_scope", scope="admin"' }],
  [{ code: "not_found" }, 404, {}],
  [{ code: "method_not_allowed", allow: "GET, HEAD" }, 405, { allow: "GET, HEAD" }],
  [{ code: "conflict" }, 409, {}],
  [{ code: "too_many_secrets" }, 409, {}],
  [{ code: "role_in_use" }, 409, {}],
  [{ code: "precondition_failed" }, 412, {}],
  [{ code: "public_client" }, 409, {}],
  [{ code: "rotation_in_progress" }, 409, {}],
  [{ code: "request_timeout" }, 408, {}],
  [{ code: "body_too_large" }, 413, {}],
  [{ code: "config_invalid", faults: [{ path: "routes[0].path", reason: "is reserved" }] }, 422, {}],
  [{ code: "unsupported_media_type" }, 415, {}],
  [{ code: "internal_error" }, 500, {}],
  [{ code: "temporarily_unavailable" }, 503, { "retry-after": "2" }],
];

describe("the admin API's codes", () => {
  it.each(TABLE)("%j is %i", (fault, status, headers) => {
    const told = describeFault(fault);
    expect(told.problem).toMatchObject({ code: fault.code, status });
    expect(Object.fromEntries(told.headers)).toEqual(headers);
    if (fault.code === "validation_failed") expect(told.problem.members).toEqual({ errors: fault.errors });
    else if (fault.code === "config_invalid") {
      expect(told.problem.members).toEqual({ errors: [{ field: "routes[0].path", reason: "is reserved" }] });
    } else expect(told.problem.members).toBeUndefined();
  });

  it("are all in the table above", () => {
    expect(new Set(TABLE.map(([{ code }]) => code))).toEqual(new Set(Object.keys(FAULTS)));
  });
});
