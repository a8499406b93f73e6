import { isLoopbackHost } from "../kernel/loopback.ts";

/** Whether `text` is an http(s) origin in the one spelling that browsers send (RFC 6454 §6.2). */
export function isWebOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && origin === text;
}

/**
 * Why `text` cannot be listed as an origin whose pages are trusted; null where it can. Origins are compared as texts, so that whatever a
 * browser would spell otherwise could never match, or would match more than its author sees.
 */
export function webOriginFault(text: string): string | null {
  if (text.includes("*")) return "has a wildcard: name each origin";
  if (text === "null") return "`null` is the origin of any sandboxed page or local file";
  if (!isWebOrigin(text)) return "is not scheme://host[:port] as browsers write it";
  const { protocol, hostname } = new URL(text);
  if (hostname.endsWith(".")) return "has a host that ends in a dot, which is another origin than the one without";
  if (protocol === "http:" && !isLoopbackHost(hostname)) {
    return "is plain http: whoever is on the way speaks for it (loopback alone may be)";
  }
  return null;
}
