import { expect } from "vitest";
import type { Told } from "./issuer_world.ts";

/** That `told` is the OAuth error `code` (RFC 6749 §5.2): its status, JSON, never cached, and no token beside it. */
export function expectOAuthError(told: Told, code: string, status = code === "invalid_client" ? 401 : 400): void {
  expect([told.status, told.json.error]).toEqual([status, code]);
  expect(told.headers.get("content-type")).toBe("application/json");
  expect(told.headers.get("cache-control")).toBe("no-store");
  expect(Object.keys(told.json).sort()).toEqual(["error", "error_description"]);
  expect(told.json.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(told.headers.has("www-authenticate")).toBe(status === 401);
}
