import { err, ok, type Result } from "../kernel/result.ts";
import { parseAddress } from "./address_range.ts";
import type { SentRequest } from "./canonical_request.ts";

/**
 * What a proxy says of the request that it asks about. It is believed only once the proxy has proven itself. Owns the forms that
 * such words come in; refuses to choose between two that disagree, or to fill in what is missing: whatever the proxy does not say
 * itself its caller could say instead.
 */
export interface ForwardedRequest {
  readonly sent: SentRequest;
  /** The caller's address. */
  readonly address: string;
  /** What the body is said to be long, in bytes; null where nothing is said. */
  readonly bodyBytes: number | null;
}

/** Where the proxies write the caller's address. */
export interface AddressSource {
  readonly header: "x-forwarded-for" | "x-real-ip";
  /** Which entry of the list it is, counted from its end: how many proxies of the operator add to it. */
  readonly hops: number;
}

export type ForwardingFault =
  | "forwarding_missing"
  | "forwarding_conflict"
  | "forwarding_malformed"
  | "forwarded_address_missing"
  | "forwarded_address_malformed";

type HeaderReader = (name: string) => string | null;

/** Reads the headers of Traefik's and Caddy's form (`X-Forwarded-*`), or of ingress-nginx's (`X-Original-URL`). */
export function forwardedRequest(
  header: HeaderReader,
  source: AddressSource,
): Result<ForwardedRequest, ForwardingFault> {
  const read = { method: header("x-forwarded-method"), target: header("x-forwarded-uri") };
  const isOriginal = header("x-original-url") !== null || header("x-original-method") !== null;
  if (!isOriginal) return withAddress(fromForwarded(read.method, read.target, header), header, source);
  if (read.method !== null || read.target !== null) return err("forwarding_conflict");
  return withAddress(fromOriginal(header), header, source);
}

/**
 * The same where the proxy asks with the method and the target of the request itself (Envoy). `asked` is the request line and the
 * host of that call, less the prefix; other words on them contradict it.
 */
export function repeatedRequest(
  asked: SentRequest,
  header: HeaderReader,
  source: AddressSource,
): Result<ForwardedRequest, ForwardingFault> {
  const others = ["x-forwarded-method", "x-forwarded-uri", "x-original-url", "x-original-method"];
  if (others.some((name) => header(name) !== null)) return err("forwarding_conflict");
  const scheme = schemeOf(header("x-forwarded-proto"));
  if (!scheme.ok) return scheme;
  return withAddress(ok({ ...asked, scheme: scheme.value }), header, source);
}

function fromForwarded(
  method: string | null,
  target: string | null,
  header: HeaderReader,
): Result<SentRequest, ForwardingFault> {
  const host = header("x-forwarded-host");
  const scheme = schemeOf(header("x-forwarded-proto"));
  if (method === null || target === null || host === null) return err("forwarding_missing");
  return scheme.ok ? wellFormed({ method, scheme: scheme.value, host, target }) : scheme;
}

function fromOriginal(header: HeaderReader): Result<SentRequest, ForwardingFault> {
  const [url, method] = [header("x-original-url"), header("x-original-method")];
  if (url === null || method === null) return err("forwarding_missing");
  const [, scheme, host = "", target = ""] = /^(https?):\/\/([^/?#]+)(\/.*)$/.exec(url) ?? [];
  if (scheme === undefined) return err("forwarding_malformed");
  const says = [
    [header("x-forwarded-host"), host],
    [header("x-forwarded-proto"), scheme],
  ];
  if (says.some(([said, read]) => said !== null && said !== read)) return err("forwarding_conflict");
  return wellFormed({ method, scheme: `${scheme}:`, host, target });
}

function schemeOf(proto: string | null): Result<string, ForwardingFault> {
  if (proto === null) return err("forwarding_missing");
  return proto === "http" || proto === "https" ? ok(`${proto}:`) : err("forwarding_malformed");
}

/** A header that came twice is joined by a comma and a space, which none of these can hold. */
function wellFormed(sent: SentRequest): Result<SentRequest, ForwardingFault> {
  const isOne = /^[A-Z][A-Z_-]{0,31}$/.test(sent.method) && /^[!-~]+$/.test(sent.host) && !/\s/.test(sent.target);
  return isOne && !sent.host.includes(",") ? ok(sent) : err("forwarding_malformed");
}

function withAddress(
  sent: Result<SentRequest, ForwardingFault>,
  header: HeaderReader,
  source: AddressSource,
): Result<ForwardedRequest, ForwardingFault> {
  if (!sent.ok) return sent;
  const listed = header(source.header)?.split(",") ?? [];
  const address = listed.at(-source.hops)?.trim();
  if (address === undefined) return err("forwarded_address_missing");
  if (parseAddress(address) === null) return err("forwarded_address_malformed");
  // Caddy writes an empty one where there is none.
  const length = header("x-forwarded-content-length") || null;
  if (length !== null && !/^\d{1,15}$/.test(length)) return err("forwarding_malformed");
  return ok({ sent: sent.value, address, bodyBytes: length === null ? null : Number(length) });
}
