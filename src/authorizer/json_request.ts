import { fromUtf8 } from "../kernel/bytes.ts";
import { type ExactJson, readExactJson } from "../kernel/exact_json.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { jsonFault } from "../openapi/check_body.ts";
import { type InputFault, inputFault } from "../openapi/check_parameters.ts";
import { bodyKind, readMediaType } from "../openapi/media_types.ts";
import { BODILESS, heldRequest, type PassRequest, type RefusedRequest } from "./checked_request.ts";
import type { Exchange } from "./exchange.ts";
import type { HeldBodies } from "./held_bodies.ts";

const NOT_TEXT = inputFault("body", "", "not_text", "is not UTF-8");

/**
 * Holds the body of `request`, of which no contract says anything, so that a decision can be made on it: JSON in plain UTF-8, or none. Calls `pass` with the
 * bytes that go on; otherwise `refuse`.
 */
export async function jsonRequest<T>(
  request: Request,
  exchange: Exchange,
  bodies: HeldBodies,
  maxBytes: number,
  { pass, refuse }: { pass: PassRequest<T>; refuse: (refused: RefusedRequest) => T },
): Promise<T> {
  if (BODILESS.has(request.method) || request.body === null) return pass(request, null);
  const { header } = exchange.call;
  if (!isPlainJson(header) && header("content-length") !== "0") return refuse({ fault: "unsupported_media_type" });
  return heldRequest(request, request.body, exchange, bodies, maxBytes, { pass, refuse });
}

function isPlainJson(header: (name: string) => string | null): boolean {
  const type = readMediaType(header("content-type"));
  if (!type.ok || bodyKind(type.value.name) !== "json") return false;
  const isIdentity = (header("content-encoding") ?? "identity").trim().toLowerCase() === "identity";
  return isIdentity && (type.value.charset === null || /^utf-?8$/.test(type.value.charset));
}

/** The JSON that `bytes` are, with one meaning alone; undefined for no bytes. */
export function jsonOf(
  bytes: Uint8Array | null,
  maxDepth: number,
): Result<ExactJson | undefined, readonly InputFault[]> {
  if (bytes === null || bytes.byteLength === 0) return ok(undefined);
  const text = fromUtf8(bytes);
  if (text === null) return err([NOT_TEXT]);
  const read = readExactJson(text, { maxDepth, strict: true });
  return read.ok ? read : err([jsonFault(read.error)]);
}
