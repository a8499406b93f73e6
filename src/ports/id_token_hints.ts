import type { HintedSignIn } from "../protocol/id_token_hint.ts";
import type { Defer } from "./edge_feed.ts";

/** Whom an ID token of this issuer was about. It proves nothing of who sends it: a hint. */
export interface HintedIdentity extends HintedSignIn {
  /** The key that signed it. */
  readonly kid: string;
}

/** Reads `id_token_hint` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). */
export interface IdTokenHints {
  /** What the token says where this issuer signed it, expired or not (its key may be gone, then null); null for anything else. */
  read(token: string, nowMs: number, defer: Defer): Promise<HintedIdentity | null>;
}
