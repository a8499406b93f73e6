/** A request body on its way, bounded. */
export interface LimitedBody {
  readonly stream: ReadableStream | null;
  /** Aborts what the body is sent to once it is too large; null where that cannot happen. */
  readonly signal: AbortSignal | null;
  /** Whether the body turned out larger than it may be. */
  readonly exceeded: () => boolean;
}

/** Content in these has no meaning (RFC 9110 §9.3.1), and two servers that disagree on it can be played against each other. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * The length of a body in bytes by its `Content-Length`, null where it states none. RFC 9112 §6.1: beside a
 * `Transfer-Encoding` a `Content-Length` says nothing, whatever it says.
 */
export function statedLength(headers: Headers): number | null {
  const length = headers.get("content-length") ?? "";
  if (!/^\d{1,15}$/.test(length) || headers.has("transfer-encoding")) return null;
  return Number(length);
}

/**
 * The body of `request`, cut off where it passes `maxBytes`. A body that states its length was refused
 * before if that was too large, and the platform holds it to its word; one without a length, or with one that is no
 * number, is counted here.
 */
export function limitBody(request: Request, maxBytes: number): LimitedBody {
  if (BODILESS.has(request.method)) return { stream: null, signal: null, exceeded: () => false };
  if (request.body === null || statedLength(request.headers) !== null) {
    return { stream: request.body, signal: null, exceeded: () => false };
  }
  const abort = new AbortController();
  let seen = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      if (seen <= maxBytes) return controller.enqueue(chunk);
      controller.error(new Error("body too large"));
      abort.abort();
    },
  });
  return { stream: request.body.pipeThrough(counter), signal: abort.signal, exceeded: () => seen > maxBytes };
}
