import type { LimitPolicy } from "../limits/limit.ts";
import type { FieldStyle } from "../limits/rate_limit_fields.ts";
import type { Contract } from "../openapi/contract.ts";
import type { PageSize } from "../openapi/page_size.ts";
import type { AccessList } from "../policy/access_list.ts";
import type { Connection, TlsVersion } from "../policy/connection.ts";
import type { CorsPolicy } from "../policy/cors.ts";
import type { EdgeFacts } from "../policy/edge_facts.ts";
import type { AccessRule } from "../policy/evaluate.ts";
import type { KeyPart } from "../policy/limit_subject.ts";
import type { RouteTable } from "../policy/route_table.ts";
import type { SecurityHeaders } from "../policy/security_headers.ts";
import type { Successor } from "../policy/successor.ts";
import type { TenantSource } from "../policy/tenant.ts";
import type { AccessTokenVerifier } from "../ports/access_tokens.ts";
import type { Defer, Revocations } from "../ports/edge_feed.ts";
import type { CreditSpending } from "../ports/key_credits.ts";
import type { Limiter } from "../ports/limiter.ts";
import type { RoleBooks } from "../ports/role_books.ts";
import type { TokenExpectation } from "../protocol/access_token.ts";
import type { ApiKeyCache } from "./api_key_cache.ts";
import type { RouteAudit } from "./decision_audit.ts";
import type { FailureBudget } from "./failure_budget.ts";
import type { KeyUses } from "./key_uses.ts";
import type { GatePins, PinSet } from "./pins.ts";
import type { RelationsOfCall, RouteAction } from "./route_action.ts";
import type { RouteCaptcha } from "./route_captcha.ts";
import type { RouteSession } from "./route_session.ts";
import type { RouteSignals } from "./route_signals.ts";
import type { RouteStream, RouteWebSocket } from "./route_stream.ts";
import type { TokenCache } from "./token_cache.ts";

/**
 * Access owns the decision on one call: which route, who is calling, may they, is there quota left. It refuses to know
 * responses, origins and where anything is stored; whatever it cannot learn in time it refuses, saying so in the reason.
 */
export interface Gate {
  readonly routes: RouteTable<GateRoute>;
  readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly tokens: TokenCache;
  readonly verifier: AccessTokenVerifier;
  readonly apiKeys: ApiKeyCache;
  readonly revocations: Revocations;
  readonly failures: Pick<FailureBudget, "waitSeconds" | "fail">;
  readonly limiter: Limiter;
  /** Counts in this isolate alone: what a limit with `onUnavailable: local` falls back to. */
  readonly localLimiter: Limiter;
  /** The limits of a route that has none: what those of a key are added to. */
  readonly noLimits: RouteLimits;
  /** The credits of the keys that have some. */
  readonly credits: CreditSpending;
  readonly keyUses: Pick<KeyUses, "note">;
  /** Certificates that clients and owners of keys are held to; null where none are. */
  readonly pins: GatePins | null;
  /** What roles may do. */
  readonly roles: RoleBooks;
  /** How relations are asked about; null where the configuration has none. */
  readonly relations: RelationsOfCall | null;
  readonly maxHeaderBytes: number;
}

/** An issuer whose access tokens open routes. */
export interface TrustedIssuer extends TokenExpectation {
  /** Our own issuer: the edge feed tells what it revoked. */
  readonly isOwn: boolean;
}

export type RouteCredential = "bearer" | "secret_key" | "publishable_key" | "session";

/** A route as the decision needs it. */
export interface GateRoute {
  readonly id: string;
  readonly isPublic: boolean;
  readonly transport: RouteTransport;
  readonly credentials: readonly RouteCredential[];
  /** Null where no browser session opens it. */
  readonly session: RouteSession | null;
  /** The lists of networks that a call is held against; null where there are none. */
  readonly lists: readonly AccessList[] | null;
  /** What it asks of people; null where nothing ever does. */
  readonly captcha: RouteCaptcha | null;
  /** What it does about callers who are not as usual; null where it does not look. */
  readonly signals: RouteSignals | null;
  readonly rule: AccessRule;
  /** Permissions that it demands, all of them; null where it demands none and asks for no book of roles. */
  readonly permissions: readonly string[] | null;
  /** Where a call names the tenant that it is for; null where it names none. */
  readonly tenant: TenantSource | null;
  /** What its calls ask to do, decided by the policy; null where nobody says. */
  readonly action: RouteAction | null;
  /** Null where nothing is limited. */
  readonly limits: RouteLimits | null;
  /** What a call takes of the credits of a key that has some. */
  readonly creditCost: number;
  /** How much older than the bound the revocations may be while the feed is out, in milliseconds. 0 fails closed. */
  readonly toleratedStalenessMs: number;
  readonly maxBodyBytes: number;
  readonly deprecation: RouteDeprecation | null;
  /** Null where no decision is recorded. */
  readonly audit: RouteAudit | null;
  /** What callers may send and see, by method; null where nothing is looked into. */
  readonly contracts: ReadonlyMap<string, Contract> | null;
  readonly pageSize: PageSize | null;
  /** Calls of it become WebSockets; null where none does. */
  readonly webSocket: RouteWebSocket | null;
  /** What bodies of its answers are bounded by while they are read; null for nothing. */
  readonly stream: RouteStream | null;
  readonly origin: RouteOrigin;
  /** What scripts of other web origins may do; null where nothing is said to them. */
  readonly cors: CorsPolicy | null;
  /** Whether the origin says that itself. */
  readonly keepsOriginCors: boolean;
  /** Names of the cookies that pass to the origin and back; null for none. */
  readonly cookies: ReadonlySet<string> | null;
  /** What its answers say to browsers for their own protection. */
  readonly security: SecurityHeaders;
}

/** What of a route decides what a proven caller may do there: a route of the gate has it, and so has one that is only asked about. */
export type RightsRoute = Pick<
  GateRoute,
  "id" | "credentials" | "session" | "rule" | "permissions" | "tenant" | "toleratedStalenessMs" | "action"
>;

/** What that decision is made with. */
export type RightsGate = Pick<Gate, "roles" | "revocations" | "issuers">;

/** How calls of a route have to come. */
export interface RouteTransport {
  /** What is answered that does not come by TLS: nothing, or calls without a credential. */
  readonly inTheClear: "nothing" | "without_credential";
  /** Whether this machine may be called without TLS: development. */
  readonly loopbackInTheClear: boolean;
  /** Null leaves it to the platform. */
  readonly leastTls: TlsVersion | null;
  /** Null where no certificate is asked for. */
  readonly certificate: CertificateDemand | null;
}

/** The caller's certificate has to be verified, and more. */
export interface CertificateDemand {
  /** Whether tokens have to be bound to it. */
  readonly bindsToken: boolean;
  /** Null for any certificate. */
  readonly pins: PinSet | null;
}

/** A route's limits: those that deny, and those on trial, which are only counted. At least one of either. */
export interface RouteLimits {
  readonly enforced: readonly RouteLimit[];
  readonly onTrial: readonly RouteLimit[];
  /** Whether the origin's word on the cost is listened to for any of them. */
  readonly hearsOrigin: boolean;
  /** What callers are told of them. */
  readonly fields: FieldStyle;
}

export interface RouteLimit {
  readonly policy: LimitPolicy;
  readonly key: readonly KeyPart[];
  readonly onUnavailable: "allow" | "deny" | "local";
  readonly leased: boolean;
  /** Units that each call takes before it goes on. */
  readonly cost: number;
  /** The most that a call may cost in all by the origin's word; null where that is not asked for. */
  readonly maxOriginCost: number | null;
}

export interface RouteDeprecation {
  readonly sinceMs: number;
  readonly sunsetMs: number;
  readonly successor: Successor;
}

export interface RouteOrigin {
  /** Scheme and authority without a trailing slash. */
  readonly url: string;
  readonly audience: string;
  readonly timeoutMs: number;
  /** The name under which something stands before it; null where calls go straight on. */
  readonly guard: string | null;
}

/** One call, read once. */
export interface Call {
  readonly method: string;
  readonly segments: readonly string[];
  /** The query as it came, with its `?`, or the empty string. */
  readonly search: string;
  /** The value of a header by its lower-case name; repeated ones joined by commas (RFC 9110 §5.3). */
  readonly header: (name: string) => string | null;
  /** What all headers take on the wire. */
  readonly headerBytes: number;
  /** The caller's address as limits count it. */
  readonly address: string;
  /** The same as the platform tells it, IPv6 with all its bits. */
  readonly exactAddress: string;
  /** What the platform knows of where the call comes from: read where something asks for it. */
  readonly edge: () => EdgeFacts;
  readonly connection: Connection;
  readonly nowMs: number;
  /** Whether the gate itself passes it on, and not who asks about it. */
  readonly isPassedOnHere: boolean;
  /** Whether what a contract says of bodies may go unkept, where others carry the call out. */
  readonly takesUnseenBodies: boolean;
  readonly defer: Defer;
}
