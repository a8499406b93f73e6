/** An error as RFC 9457 tells it. `code` is stable and listed in docs/failures.md. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  /** For the caller: no input echoed, nothing about the inside. */
  readonly detail?: string;
  /** A registered problem type; ours by code when absent. */
  readonly type?: string;
  /** Further members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** What each response was made of, for whoever carries it on in another shape: nobody reads a body for what was known. */
const CODES = new WeakMap<Response, string>();

/** The code of the problem that `response` tells; null where it tells none. */
export function problemCode(response: Response): string | null {
  return CODES.get(response) ?? null;
}

/** The response to `problem`. Problems are never cached. */
export function problemResponse(problem: Problem, requestId: string, headers: HeadersInit = {}): Response {
  const { status, code, title, detail, type, members } = problem;
  const body = {
    type: type ?? `urn:sallyport:problem:${code}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    code,
    ...members,
    request_id: requestId,
  };
  const out = new Headers(headers);
  out.set("content-type", "application/problem+json");
  out.set("cache-control", "no-store");
  const response = new Response(JSON.stringify(body), { status, headers: out });
  CODES.set(response, code);
  return response;
}
