import { expect } from "vitest";
import { RESOURCE } from "./gateway_config.ts";
import type { Installation } from "./install.ts";
import type { CapturedLogs } from "./logs.ts";
import type { StubNetwork } from "./network.ts";

/** Where the challenge of every 401 points (RFC 9728 §5.1). */
export const METADATA = `resource_metadata="${RESOURCE}.well-known/oauth-protected-resource"`;

/** The body of every refused credential whose fault is not its age alone, less the request's id. */
export const INVALID_TOKEN = {
  type: "urn:sallyport:problem:invalid_token",
  title: "Unauthorized",
  status: 401,
  detail: "the credential is not valid here",
  code: "invalid_token",
  error: "invalid_token",
  error_description: "the credential is not valid here",
};

/** An answer's JSON members without the one that differs each time. */
export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const { request_id: id, ...members } = await response.json<Record<string, unknown>>();
  expect(id).toBe(response.headers.get("x-request-id"));
  return members;
}

/** Presents `token` on `GET /orders`; it has to be refused as every bad token is, for the logged `reason`. */
export async function expectInvalidToken(
  { gate, logs, network }: { gate: Installation; logs: CapturedLogs; network: StubNetwork },
  token: string,
  reason: string | RegExp,
): Promise<void> {
  const response = await gate.fetch("/orders", { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(401);
  expect(await problemOf(response)).toEqual(INVALID_TOKEN);
  expect(response.headers.get("www-authenticate")).toBe(
    `Bearer error="invalid_token", error_description="the credential is not valid here", ${METADATA}, ApiKey realm="sallyport"`,
  );
  expect(logs.lastDecision).toMatchObject({ outcome: "denied", status: 401, reason: expect.stringMatching(reason) });
  expect(network.calls, "an outbound call for a token that proves nothing").toEqual([]);
}

/** Presents `token` on `GET /orders`; it has to pass. */
export async function expectAccepted(gate: Installation, token: string): Promise<void> {
  const response = await gate.fetch("/orders", { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ from: "origin" });
}
