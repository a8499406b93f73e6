import { expect } from "vitest";
import type { Told } from "./issuer_world.ts";

/** That `told` is the problem `code` (RFC 9457): its status, its type, never cached, no token beside it, and no permission for scripts of others. */
export function expectProblem(told: Told, status: number, code: string): void {
  expect([told.status, told.json.code], told.text).toEqual([status, code]);
  expect(told.headers.get("content-type")).toBe("application/problem+json");
  expect(told.headers.get("cache-control")).toBe("no-store");
  expect(told.headers.get("x-content-type-options")).toBe("nosniff");
  expect(told.json).toMatchObject({ type: `urn:sallyport:problem:${code}`, status });
  expect(told.json.request_id).toBe(told.headers.get("x-request-id"));
  expect(told.text).not.toMatch(/access_token|refresh_token":/);
  expect(told.headers.has("www-authenticate")).toBe(status === 401);
  expect(told.headers.has("retry-after")).toBe(status === 429 || status === 503);
  expect(told.headers.has("set-cookie")).toBe(false);
  expect(told.headers.has("access-control-allow-origin")).toBe(false);
}
