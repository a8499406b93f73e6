import { OwnWords } from "./kernel/fault_text.ts";
import type { AccountObject } from "./objects/account.ts";
import type { AuthorizationTransaction } from "./objects/authorization_transaction.ts";
import type { DeviceAuthorization } from "./objects/device_authorization.ts";
import type { EdgeFeed } from "./objects/edge_feed.ts";
import type { Guesses } from "./objects/guesses.ts";
import type { KeyCredits } from "./objects/key_credits.ts";
import type { KeyRingObject } from "./objects/key_ring.ts";
import type { Limiter } from "./objects/limiter.ts";
import type { MailCourierObject } from "./objects/mail_courier.ts";
import type { OutboxCourierObject } from "./objects/outbox_courier.ts";
import type { Signals } from "./objects/signals.ts";
import type { SweeperObject } from "./objects/sweeper.ts";
import type { ConfigReader } from "./ports/config_reader.ts";
import type { IssuerReader } from "./ports/issuer_reader.ts";
import type { KeyUseRecords } from "./ports/key_uses.ts";
import type { ShadowRecords } from "./ports/shadow.ts";
import type { UnlistedCallRecords } from "./ports/unlisted_calls.ts";

/**
 * The environment as the platform hands it over, checked once into what is there and what is not. A deployment lacks what its
 * half does not need; what is needed and missing is a fault of the deployment, told by name.
 */
export interface Bindings {
  readonly ISSUER_URL: string | null;
  readonly GATEWAY_URL: string | null;
  readonly DEMO_ORIGIN_URL: string | null;
  readonly SIGNING_KEK: string | null;
  readonly IDENTITY_KEK: string | null;
  readonly GRANT_KEY: string | null;
  readonly UPSTASH_REDIS_REST_URL: string | null;
  readonly UPSTASH_REDIS_REST_TOKEN: string | null;
  readonly DB: D1Database | null;
  readonly API_KEYS: KVNamespace | null;
  /** Copies of other issuers' published keys. Without it each isolate asks them itself. */
  readonly KEY_SETS: KVNamespace | null;
  readonly SIGNING_KEYS: DurableObjectNamespace<KeyRingObject<unknown>> | null;
  readonly IDENTITY_KEYS: DurableObjectNamespace<KeyRingObject<unknown>> | null;
  readonly EDGE_FEED: DurableObjectNamespace<EdgeFeed> | null;
  readonly OUTBOX: DurableObjectNamespace<OutboxCourierObject<unknown>> | null;
  readonly TRANSACTIONS: DurableObjectNamespace<AuthorizationTransaction> | null;
  readonly DEVICES: DurableObjectNamespace<DeviceAuthorization> | null;
  readonly LIMITER: DurableObjectNamespace<Limiter> | null;
  readonly ACCOUNTS: DurableObjectNamespace<AccountObject<unknown>> | null;
  readonly GUESSES: DurableObjectNamespace<Guesses> | null;
  readonly MAILS: DurableObjectNamespace<MailCourierObject<unknown>> | null;
  readonly SWEEPER: DurableObjectNamespace<SweeperObject<unknown>> | null;
  /** What carries mail out, and the address that it is from. Without both, mail stays in D1. */
  readonly EMAIL: SendEmail | null;
  readonly MAIL_FROM: string | null;
  readonly CREDITS: DurableObjectNamespace<KeyCredits> | null;
  /** The audit trail's queue. May be left out where no route and no setting asks for it. */
  readonly AUDIT: Queue<unknown> | null;
  /** What is ordinary for each principal. Needed where routes look for signals. */
  readonly SIGNALS: DurableObjectNamespace<Signals> | null;
  /** Where the last use of keys is told, where the issuer is another Worker. */
  readonly KEY_USES: KeyUseRecords | null;
  /** Where calls that no route lists are told, where the issuer is another Worker. */
  readonly UNLISTED_CALLS: UnlistedCallRecords | null;
  /** Where differences of what is tried are told, where the issuer is another Worker. */
  readonly SHADOW: ShadowRecords | null;
  /** The issuer's read-only side, where it is another Worker. */
  readonly ISSUER: (IssuerReader & ConfigReader) | null;
}

/** What the platform passes: any member may be missing. */
export type Environment = { readonly [Name in keyof Bindings]?: Bindings[Name] };

/** A deployment that lacks something it needs. The message names it and never quotes a value. */
export class DeploymentFault extends OwnWords {
  override readonly name = "DeploymentFault";
}

/** Reads `env`. Empty texts count as missing. */
export function readBindings(env: Environment): Bindings {
  return {
    ISSUER_URL: env.ISSUER_URL || null,
    GATEWAY_URL: env.GATEWAY_URL || null,
    DEMO_ORIGIN_URL: env.DEMO_ORIGIN_URL || null,
    SIGNING_KEK: env.SIGNING_KEK || null,
    IDENTITY_KEK: env.IDENTITY_KEK || null,
    GRANT_KEY: env.GRANT_KEY || null,
    UPSTASH_REDIS_REST_URL: env.UPSTASH_REDIS_REST_URL || null,
    UPSTASH_REDIS_REST_TOKEN: env.UPSTASH_REDIS_REST_TOKEN || null,
    DB: env.DB ?? null,
    API_KEYS: env.API_KEYS ?? null,
    KEY_SETS: env.KEY_SETS ?? null,
    SIGNING_KEYS: env.SIGNING_KEYS ?? null,
    IDENTITY_KEYS: env.IDENTITY_KEYS ?? null,
    EDGE_FEED: env.EDGE_FEED ?? null,
    OUTBOX: env.OUTBOX ?? null,
    TRANSACTIONS: env.TRANSACTIONS ?? null,
    DEVICES: env.DEVICES ?? null,
    LIMITER: env.LIMITER ?? null,
    ACCOUNTS: env.ACCOUNTS ?? null,
    GUESSES: env.GUESSES ?? null,
    MAILS: env.MAILS ?? null,
    SWEEPER: env.SWEEPER ?? null,
    EMAIL: env.EMAIL ?? null,
    MAIL_FROM: env.MAIL_FROM || null,
    CREDITS: env.CREDITS ?? null,
    AUDIT: env.AUDIT ?? null,
    SIGNALS: env.SIGNALS ?? null,
    KEY_USES: env.KEY_USES ?? null,
    UNLISTED_CALLS: env.UNLISTED_CALLS ?? null,
    SHADOW: env.SHADOW ?? null,
    ISSUER: env.ISSUER ?? null,
  };
}

/** The binding called `name`. Throws `DeploymentFault` where it is missing. */
export function need<Name extends keyof Bindings>(bindings: Bindings, name: Name): NonNullable<Bindings[Name]> {
  const value = bindings[name];
  if (value === null || value === undefined) throw new DeploymentFault(`the binding ${name} is missing`);
  return value;
}

/**
 * The secret called `name`, which the configuration chose, of at least `leastBytes`. Throws `DeploymentFault` where it is missing,
 * too short, or the name of something that is Sallyport's own.
 */
export function sharedSecret(env: Environment, name: string, leastBytes: number): string {
  if (Object.hasOwn(readBindings(env), name))
    throw new DeploymentFault(`the binding ${name} is not for others' tokens`);
  const value: unknown = Reflect.get(env, name);
  if (typeof value !== "string" || value === "") throw new DeploymentFault(`the binding ${name} is missing`);
  const bytes = new TextEncoder().encode(value).byteLength;
  if (bytes < leastBytes) throw new DeploymentFault(`${name} is shorter than ${leastBytes} bytes`);
  return value;
}
