import { toBase64url } from "../../kernel/bytes.ts";
import type { RandomBytes } from "../../kernel/random.ts";
import { formActionSource } from "../../protocol/display_uri.ts";
import { type Dress, renderDocument } from "./layout.tsx";
import type { Page } from "./page.ts";

/** What turns pages into responses. */
export interface PagePress extends Dress {
  readonly random: RandomBytes;
}

export interface PageTerms {
  readonly status?: number;
  readonly headers?: HeadersInit;
}

const NONCE_BYTES = 16;

/**
 * `page` as a response: never stored, never framed, with nothing allowed but its own style and script (CSP 3). The referrer
 * policy is `same-origin`, not `no-referrer`: under that one browsers send `Origin: null` with our own forms (Fetch,
 * "append a request `Origin` header"), and the check of it would have to let `null` pass.
 */
export async function pageResponse(
  page: Page,
  press: PagePress,
  { status = 200, headers }: PageTerms = {},
): Promise<Response> {
  const nonce = toBase64url(press.random(NONCE_BYTES));
  const out = new Headers(headers);
  out.set("content-type", "text/html; charset=utf-8");
  out.set("cache-control", "no-store");
  out.set("content-security-policy", contentSecurityPolicy(page, nonce));
  out.set("referrer-policy", "same-origin");
  out.set("cross-origin-opener-policy", "same-origin");
  out.set("cross-origin-resource-policy", "same-origin");
  out.set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  return new Response(await renderDocument(page, press, nonce), { status, headers: out });
}

/**
 * The policy of one page. A page whose forms lead to no client posts to ourselves alone. One that does is not held to a host
 * (`formActionSource`): that nobody else's form stands in it, the escaping of whatever others wrote has to see to.
 */
function contentSecurityPolicy({ script, widget, leadsTo }: Page, nonce: string): string {
  // The widget is a frame of its own, and its script loads more from where it came from.
  const guests = widget === null ? [] : [new URL(widget.scriptUrl).origin];
  const targets = new Set(leadsTo.map(formActionSource).filter((source) => source !== null));
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === null && widget === null ? [] : [`script-src ${[`'nonce-${nonce}'`, ...guests].join(" ")}`]),
    ...guests.map((guest) => `frame-src ${guest}`),
    "img-src data:",
    `form-action ${["'self'", ...targets].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");
}
