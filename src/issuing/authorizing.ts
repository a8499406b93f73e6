import type { GrantLifetimes, LiveSession } from "../ports/accounts.ts";
import type { AuthorizationTransactions } from "../ports/authorization_transactions.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { ConsentGiver, Consents } from "../ports/consents.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import type { IdTokenHints } from "../ports/id_token_hints.ts";
import type { PairwiseSubjects, UserRecord } from "../ports/users.ts";
import type { AuthorizationResponse } from "../protocol/authorization_response.ts";
import type { AdmittedRequest } from "../protocol/authorization_transaction.ts";
import type { AuthorizationError } from "../protocol/authorize/authorization_error.ts";
import { type ClientId, type GrantId, parseClientId, type TransactionId, type UserId } from "../protocol/ids.ts";
import type { Issuer, Moment } from "./issuer.ts";

/**
 * What the authorization endpoint is built from. Owns the way of a request from the client to its answer: sign-in, choice
 * of account, consent, code. Refuses to sign anybody in, and to answer anywhere that is not proven to be the client's.
 */
export interface Authorizing {
  readonly issuer: Pick<
    Issuer,
    | "url"
    | "catalog"
    | "tokenProfile"
    | "clients"
    | "revocations"
    | "random"
    | "accounts"
    | "secrets"
    | "transactionBudget"
  >;
  readonly transactions: AuthorizationTransactions;
  readonly consents: Pick<Consents, "find" | "add">;
  readonly subjects: Pick<PairwiseSubjects, "subjectOf">;
  readonly lifetimes: GrantLifetimes;
  /** How long a person may take from the first page to the last, in milliseconds. */
  readonly transactionMs: number;
  readonly hints: IdTokenHints;
}

/** Who is signed in, in the browser that asks. */
export interface SignedIn {
  readonly user: Pick<UserRecord, "id" | "email" | "roles" | "assignments" | "attributes">;
  readonly session: LiveSession;
}

/** In whose name, and as of when, who is signed in agrees. */
export function consentGiver({ user, session }: SignedIn): ConsentGiver {
  return { user: user.id, epoch: session.accountEpoch };
}

/** The browser that asks, as far as transactions know it. */
export interface AskingBrowser {
  /** The hash of the secret in its cookie. */
  readonly hash: string;
  /** The address unit that limits count (/32, /64). */
  readonly address: string;
  readonly signedIn: SignedIn | null;
}

/** What the log is told of an answer. */
export interface AnswerTrace {
  readonly clientId: ClientId;
  readonly userId: UserId | null;
  readonly grantId: GrantId | null;
  /** Null for a code. */
  readonly error: AuthorizationError | null;
}

/** What comes next. Each interactive step returns to `continueAuthorization`, never to another step. */
export type AuthorizationStep =
  /** A sign-in newer than the transaction is needed. */
  | { readonly kind: "login"; readonly transaction: TransactionId }
  | {
      readonly kind: "select_account" | "consent";
      readonly transaction: TransactionId;
      readonly request: AdmittedRequest;
      readonly client: ClientRecord;
      readonly signedIn: SignedIn;
      /** How long what is given lasts, in seconds. */
      readonly lastsSeconds: number;
    }
  | {
      readonly kind: "answer";
      readonly response: AuthorizationResponse;
      readonly client: ClientRecord;
      readonly trace: AnswerTrace;
    }
  | RefusedStep;

/** A page that says why nothing goes on. */
export interface RefusedStep {
  readonly kind: "refused";
  readonly error: AuthorizationError;
  readonly clientId: ClientId | null;
  /** The answer that the person may choose to take to the client; null where nothing is proven. */
  readonly leave: AuthorizationResponse | null;
  /** Set where the same request goes on later: how long to wait. */
  readonly retryAfterSeconds?: number;
}

/** A page that leads nowhere. */
export function refusedPage(error: AuthorizationError, clientId: ClientId | null = null): RefusedStep {
  return { kind: "refused", error, clientId, leave: null };
}

/** The enabled client called `id`, or null. Throws `Outage`. */
export async function findEnabledClient(
  id: string | undefined,
  { issuer }: Pick<Authorizing, "issuer">,
  { nowMs }: Moment,
  view: RevocationView | null,
): Promise<ClientRecord | null> {
  const clientId = parseClientId(id ?? "");
  const found = clientId === null ? null : await issuer.clients.find(clientId, nowMs, view);
  return found === null || found.client.disabled ? null : found.client;
}
