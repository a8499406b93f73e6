import { fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";

export type BodyFault = "body_too_large" | "body_not_text";

/**
 * Reads a body of at most `maxBytes` as UTF-8. One that says it is larger is refused unread; one that turns out larger is
 * dropped where it passes the bound, so that no body can fill the memory.
 */
export async function readTextBody(request: Request, maxBytes: number): Promise<Result<string, BodyFault>> {
  if (!TAKEN.has(request) && declaredBytes(request) > maxBytes) return err("body_too_large");
  const bytes = await takeBody(request, maxBytes + 1);
  if (bytes.byteLength > maxBytes) return err("body_too_large");
  const text = fromUtf8(bytes);
  return text === null ? err("body_not_text") : ok(text);
}

interface TakenBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mostBytes: number;
}

/** What was taken in of bodies, by their requests: a second reader is given the same. */
const TAKEN = new WeakMap<Request, TakenBody>();
const NOTHING = new Uint8Array(0);

/**
 * The body of `request`, or its first `mostBytes`: what is behind them is not taken in. Whoever asks again is given what was taken in first; throws
 * for one who asks for more than was left of it, and would take a part for the whole.
 */
export async function takeBody(request: Request, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const taken = TAKEN.get(request);
  if (taken === undefined) {
    const bytes = await readBytes(request, mostBytes);
    TAKEN.set(request, { bytes, mostBytes });
    return bytes;
  }
  const isPart = taken.bytes.byteLength >= taken.mostBytes;
  if (isPart && mostBytes > taken.mostBytes) throw new RangeError("the rest of the body was not taken in");
  return taken.bytes;
}

/** The length in bytes that a request states of its body; 0 where it states none, `NaN` (which is within every bound) where what it states is no number. */
export function declaredBytes({ headers }: Request): number {
  return Number(headers.get("content-length") ?? 0);
}

async function readBytes(request: Request, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = declaredBytes(request);
  // A stated length is kept by the platform: such a body can be taken in one piece. Not so where it comes in chunks as
  // well, which decide then (RFC 9112 §6.3).
  const isKept = declared > 0 && declared <= mostBytes && !request.headers.has("transfer-encoding");
  if (isKept) return new Uint8Array(await request.arrayBuffer());
  const { body } = request;
  if (body === null) return NOTHING;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    chunks.push(chunk.value);
    length += chunk.value.byteLength;
    if (length >= mostBytes) {
      await reader.cancel();
      break;
    }
  }
  return joinChunks(chunks, length).subarray(0, mostBytes);
}

/** `chunks`, which have `length` bytes together, as one. */
export function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/**
 * Whether a body comes as plain UTF-8: no `Content-Encoding`, and no `charset` but UTF-8. Another reader would see other
 * text in it than ours.
 */
export function isPlainUtf8(headers: Headers): boolean {
  const encoding = headers.get("content-encoding") ?? "identity";
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers.get("content-type") ?? "")?.[1] ?? "utf-8";
  return encoding.toLowerCase() === "identity" && /^utf-?8$/i.test(charset);
}

/** The media type of a `Content-Type` in lower case, without parameters; the empty string when absent. */
export function mediaType(contentType: string | null): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
