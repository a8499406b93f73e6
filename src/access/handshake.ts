import { err, ok, type Result } from "../kernel/result.ts";
import { readAuthorization } from "../protocol/authorization_header.ts";
import { type OfferedProtocols, readOfferedProtocols } from "../protocol/websocket_protocols.ts";
import { type Presented, presentedCredential } from "./credentials.ts";
import type { Call, GateRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";

const PROTOCOLS = "sec-websocket-protocol";

/**
 * What is wrong with a call to become a WebSocket, or to stay what it is, on `route`; null where nothing is. Looked at before anybody asks who calls.
 * The handshake itself (RFC 6455 §4.2) is the runtime's: it knows the key.
 */
export function handshakeRefusal({ webSocket, cookies }: GateRoute, call: Call): Refusal | null {
  const { header } = call;
  const isAsked = asksForWebSocket(header("upgrade"));
  if (webSocket === null) return isAsked ? { kind: "upgrade_refused", reason: "upgrade_not_taken" } : null;
  // Whoever passes the call on elsewhere keeps such fields to itself: there it cannot be said which calls are upgrades.
  if (call.isPassedOnHere) {
    if (!isAsked || call.method !== "GET") return { kind: "upgrade_required", reason: "upgrade_missing" };
    const version = header("sec-websocket-version");
    if (version !== null && version !== "13") return { kind: "upgrade_required", reason: "websocket_version" };
  }
  const offered = offeredProtocols(call);
  if (offered === null) return { kind: "upgrade_refused", reason: "subprotocols_malformed" };
  // The origin would get it: only the gate itself takes it out.
  if (!call.isPassedOnHere && hasCredential(offered))
    return { kind: "upgrade_refused", reason: "subprotocol_credential" };
  return originRefusal(webSocket.origins, cookies !== null && header("cookie") !== null, header("origin"));
}

/**
 * A browser asks no preflight before it opens a WebSocket, and lets the page read it: the list is all that keeps pages of others out. Programs
 * say no origin; where cookies pass to the origin, which a browser adds by itself, that is refused as well.
 */
function originRefusal(origins: ReadonlySet<string>, isAmbient: boolean, origin: string | null): Refusal | null {
  if (origin === null) return isAmbient ? { kind: "origin_not_allowed", reason: "web_origin_missing" } : null;
  return origins.has(origin) ? null : { kind: "origin_not_allowed", reason: "web_origin_not_listed" };
}

/** The one explicit credential of a handshake: in a header, or among the subprotocols. */
export function presentedAtHandshake(call: Call): Result<Presented, string> {
  const explicit = presentedCredential(call.header);
  const offered = offeredProtocols(call);
  if (offered === null || !hasCredential(offered)) return explicit;
  const [bearer] = offered.bearers;
  const [key] = offered.apiKeys;
  const isAlone = offered.bearers.length + offered.apiKeys.length === 1;
  if (!isAlone || call.header("authorization") !== null || call.header("x-api-key") !== null)
    return err("two_credentials");
  if (key !== undefined) return ok({ kind: "api_key", key });
  const read = readAuthorization(`Bearer ${bearer}`);
  return ok(read.kind === "bearer" ? read : { kind: "bearer_malformed" });
}

/** The subprotocols that a call offers; null where they are malformed. */
export function offeredProtocols({ header }: Call): OfferedProtocols | null {
  return readOfferedProtocols(header(PROTOCOLS));
}

/** Whether a call has something under the gate's name among its subprotocols: a credential, well-formed or not, and whether or not its route takes one there. */
export function offersCredential({ header }: Call): boolean {
  return /(?:^|,)\s*sallyport\./i.test(header(PROTOCOLS) ?? "");
}

function hasCredential({ bearers, apiKeys }: OfferedProtocols): boolean {
  return bearers.length + apiKeys.length > 0;
}

/** Whether an `Upgrade` field (RFC 9110 §7.8) asks for a WebSocket, among others or alone. */
function asksForWebSocket(upgrade: string | null): boolean {
  if (upgrade === null) return false;
  return upgrade.split(",").some((one) => one.trim().toLowerCase() === "websocket");
}
