import type { GrantConfig } from "../config/schema.ts";
import type { RandomBytes } from "../kernel/random.ts";
import type { LocalPace } from "../limits/local_pace.ts";
import type { AccessTokenVerifier } from "../ports/access_tokens.ts";
import type { Accounts } from "../ports/accounts.ts";
import type { DeviceAuthorizations } from "../ports/device_authorizations.ts";
import type { Defer, EdgeFeedWriter, Revocations } from "../ports/edge_feed.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";
import type { TokenSigner } from "../ports/token_signer.ts";
import type { PairwiseSubjects, UserDirectory } from "../ports/users.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import type { TargetCatalog } from "../protocol/token_target.ts";
import type { ClientCache } from "./client_cache.ts";
import type { ClientFailures } from "./client_failures.ts";
import type { OpeningBudget } from "./opening_budget.ts";

/**
 * Issuing owns what happens at the OAuth endpoints: who the client is, what it may have, minting and revoking.
 * It refuses to know HTTP beyond a form and an Authorization value, where anything is stored, and who signs.
 */
export interface Issuer {
  readonly url: string;
  readonly catalog: TargetCatalog;
  /** What signs tokens for `resource` (null: the issuer alone), and how long they live. */
  readonly tokenProfile: (resource: string | null) => TokenProfile;
  readonly clients: ClientCache;
  readonly revocations: Revocations;
  readonly feed: EdgeFeedWriter;
  readonly signer: TokenSigner;
  readonly verifier: AccessTokenVerifier;
  readonly random: RandomBytes;
  readonly accounts: Accounts;
  readonly devices: DeviceAuthorizations;
  /** How long a device code lives, and how long a device waits between polls at first. */
  readonly deviceTimes: Pick<GrantConfig, "deviceCodeSeconds" | "devicePollSeconds">;
  readonly secrets: GrantSecrets;
  readonly users: Pick<UserDirectory, "find">;
  readonly subjects: Pick<PairwiseSubjects, "userOf">;
  readonly idTokenTtlSeconds: number;
  /** The clients that may ask what a token for `resource` is (RFC 7662): the servers of that API. */
  readonly introspectors: (resource: string) => ReadonlySet<string>;
  readonly failures: ClientFailures;
  /** How many sign-ins an address may begin. */
  readonly transactionBudget: OpeningBudget;
  /** How many device codes an address may ask for. */
  readonly deviceBudget: OpeningBudget;
  /** How often one client may call the token endpoint; null for any number. */
  readonly tokenPace: LocalPace | null;
}

/** Who calls an endpoint for clients: what it shows of itself, and where it is. */
export interface Caller {
  /** The `Authorization` field, or null. */
  readonly authorization: string | null;
  /** The address unit that limits count (/32, /64). */
  readonly address: string;
}

export interface TokenProfile {
  readonly algorithm: SignatureAlgorithm;
  readonly ttlSeconds: number;
}

/** What is fixed for one request: its time, read once, and how to go on behind the response. */
export interface Moment {
  readonly nowMs: number;
  readonly defer: Defer;
}
