import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePasswordRequest, parseRefreshTokenRequest } from "../../../src/protocol/first_party_request.ts";

const text = fc.string({ minLength: 1, unit: "binary" });

describe("bodies of first-party endpoints", () => {
  it("what is text comes out as it went in", () => {
    fc.assert(
      fc.property(text, text, text, fc.option(text), (client_id, email, password, client_secret) => {
        const body = { password, client_id, email, ...(client_secret === null ? {} : { client_secret }) };
        const client = { clientId: client_id, clientSecret: client_secret };
        expect(parsePasswordRequest(body)).toEqual({ ok: true, value: { client, email, password } });
      }),
    );
    fc.assert(
      fc.property(text, text, (client_id, refresh_token) => {
        const value = { client: { clientId: client_id, clientSecret: null }, refreshToken: refresh_token };
        expect(parseRefreshTokenRequest({ client_id, refresh_token })).toEqual({ ok: true, value });
      }),
    );
  });

  it("any other member, under any name, is refused, with at most twenty faults and no value in them", () => {
    const good = { client_id: "c", email: "e", password: "p" };
    const others = fc.dictionary(fc.string({ maxLength: 300 }), fc.constant("a value to keep"), {
      minKeys: 1,
      maxKeys: 50,
    });
    fc.assert(
      fc.property(others, (more) => {
        const added = Object.keys(more).filter(
          (name) => !["client_id", "email", "password", "client_secret"].includes(name),
        );
        fc.pre(added.length > 0);
        const parsed = parsePasswordRequest({ ...more, ...good });
        expect(parsed.ok).toBe(false);
        if (parsed.ok) return;
        expect(parsed.error).toHaveLength(Math.min(20, added.length));
        expect(JSON.stringify(parsed.error)).not.toContain("a value to keep");
        for (const { field } of parsed.error) expect(field.length).toBeLessThanOrEqual(100);
      }),
    );
  });

  it("one endpoint's members are not another's", () => {
    const login = { client_id: "c", email: "e", password: "p" };
    expect(parseRefreshTokenRequest(login)).toEqual({
      ok: false,
      error: [
        { field: "refresh_token", reason: "is required" },
        { field: "email", reason: "is not known here" },
        { field: "password", reason: "is not known here" },
      ],
    });
  });
});
