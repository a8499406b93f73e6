import { describe, expect, it } from "vitest";
import { type FirstPartyRefusal, tellRefusal } from "../../src/issuer/first_party_problem.ts";
import { oauthError } from "../../src/protocol/oauth_error.ts";

const wrong = (loggedReason: "wrong_password" | "unknown_user" | "user_disabled") =>
  ({ kind: "wrong", loggedReason, loggedUser: null }) as const;

describe("what first-party endpoints refuse, and how it is told", () => {
  it.each<[FirstPartyRefusal, number, string, string]>([
    [{ kind: "not_read", fault: "origin_foreign" }, 403, "origin_foreign", "origin_foreign"],
    [{ kind: "not_read", fault: "credential_in_query" }, 400, "credential_in_query", "credential_in_query"],
    [{ kind: "not_read", fault: "unsupported_media_type" }, 415, "unsupported_media_type", "unsupported_media_type"],
    [{ kind: "not_read", fault: "body_too_large" }, 413, "body_too_large", "body_too_large"],
    [{ kind: "not_read", fault: "invalid_json" }, 400, "invalid_json", "invalid_json"],
    [{ kind: "fields", errors: [] }, 400, "validation_failed", "validation_failed"],
    [{ kind: "fenced", loggedReason: "unknown_client" }, 403, "client_not_first_party", "unknown_client"],
    [wrong("wrong_password"), 401, "invalid_credentials", "wrong_password"],
    [wrong("unknown_user"), 401, "invalid_credentials", "unknown_user"],
    [wrong("user_disabled"), 401, "invalid_credentials", "user_disabled"],
    [{ kind: "throttled", retryAfterSeconds: 9 }, 429, "too_many_attempts", "throttled"],
    [{ kind: "busy", retryAfterSeconds: 9 }, 503, "temporarily_unavailable", "busy"],
    [{ kind: "email_invalid" }, 422, "email_invalid", "email_invalid"],
    [
      { kind: "password_refused", fault: { code: "password_common", text: "Why." } },
      422,
      "password_common",
      "password_common",
    ],
    [
      { kind: "oauth", error: oauthError("invalid_client", "d", "wrong_secret") },
      401,
      "invalid_client",
      "wrong_secret",
    ],
    [{ kind: "oauth", error: oauthError("invalid_grant", "d", "refresh_idle") }, 400, "invalid_grant", "refresh_idle"],
    [
      { kind: "oauth", error: oauthError("temporarily_unavailable", "d", "outage") },
      503,
      "temporarily_unavailable",
      "outage",
    ],
  ])("%j: %i %s", (refusal, status, code, reason) => {
    const { problem, headers, loggedReason } = tellRefusal(refusal);
    expect([problem.status, problem.code, loggedReason]).toEqual([status, code, reason]);
    expect(problem.title).not.toBe("Error");
    // What the status owes (RFC 9110 §15.5.2, RFC 6585 §4).
    expect("www-authenticate" in headers).toBe(status === 401);
    expect("retry-after" in headers).toBe(status === 429 || status === 503);
  });

  it("no caller learns why it was a wrong sign-in, or which fence it met", () => {
    const told = (refusal: FirstPartyRefusal) => {
      const { loggedReason: _, ...public_ } = tellRefusal(refusal);
      return public_;
    };
    expect(told(wrong("unknown_user"))).toEqual(told(wrong("wrong_password")));
    expect(told(wrong("user_disabled"))).toEqual(told(wrong("wrong_password")));
    const fenced = (loggedReason: "unknown_client" | "client_of_another_party") =>
      told({ kind: "fenced", loggedReason });
    expect(fenced("client_of_another_party")).toEqual(fenced("unknown_client"));
  });

  it("no challenge of a sign-in opens a browser's own box", () => {
    expect(tellRefusal(wrong("wrong_password")).headers["www-authenticate"]).not.toMatch(
      /^(?:Basic|Digest|Negotiate)/i,
    );
  });
});
