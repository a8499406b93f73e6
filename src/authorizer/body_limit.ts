/** A request body on its way, bounded. */
export interface LimitedBody {
  readonly stream: ReadableStream | null;
  /** Whether the body turned out larger than it may be. */
  readonly exceeded: () => boolean;
}

/** Content in these has no meaning (RFC 9110 §9.3.1), and two servers that disagree on it can be played against each other. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * The body of `request`, cut off with `abort` where it passes `maxBytes`. A body that states its length was refused
 * before if that was too large, and the platform holds it to its word; only one without a length is counted here.
 */
export function limitBody(request: Request, maxBytes: number, abort: AbortController): LimitedBody {
  if (BODILESS.has(request.method)) return { stream: null, exceeded: () => false };
  if (request.body === null || request.headers.has("content-length")) {
    return { stream: request.body, exceeded: () => false };
  }
  let seen = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      if (seen <= maxBytes) return controller.enqueue(chunk);
      controller.error(new Error("body too large"));
      abort.abort();
    },
  });
  return { stream: request.body.pipeThrough(counter), exceeded: () => seen > maxBytes };
}
