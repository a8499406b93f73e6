import type { Result } from "../kernel/result.ts";
import type { Defer } from "./edge_feed.ts";

/** Why there is no token for an origin: nobody could be asked, or whoever was asked refuses. */
export type OnwardFault = "origin_credential_unavailable" | "origin_credential_refused";

/** The gate's own tokens for one origin. They are sent to that origin and to nobody else. */
export interface OnwardTokens {
  /** A token to send now. */
  token(nowMs: number, defer: Defer): Promise<Result<string, OnwardFault>>;
  /** The origin did not take `refused`: another token, or why there is none. */
  renew(refused: string, nowMs: number, defer: Defer): Promise<Result<string, OnwardFault>>;
}
