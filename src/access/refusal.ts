import type { CrossSiteFault } from "../policy/cross_site.ts";
import type { ActionDenial } from "../policy/decide_action.ts";
import type { ReadingFault } from "../policy/resource_reading.ts";
import type { StepUp } from "../policy/step_up.ts";
import type { JudgedLimits } from "./admit.ts";
import type { GateRoute, RightsRoute } from "./gate.ts";
import type { PinFault } from "./pins.ts";
import type { CaptchaChallenge } from "./route_captcha.ts";

/** Why a policy denies. */
export type DenialReason =
  | ActionDenial["because"]
  /** The origin says that there is no such resource. */
  | "resource_absent"
  /** A decision point of others does not permit it. */
  | "external_denied"
  /** Only another sign-in would do, and nobody is there who could make one. */
  | "step_up_impossible";

/**
 * Why a call does not pass. `reason` is a stable word for the log; what the caller learns is the mapper's business, and it
 * learns no more than the kind.
 */
export type Refusal =
  | { readonly kind: "not_found"; readonly reason: "no_route" }
  | { readonly kind: "method_not_allowed"; readonly reason: "no_method"; readonly allow: readonly string[] }
  | { readonly kind: "gone"; readonly reason: "past_sunset" }
  | { readonly kind: "https_required"; readonly reason: "in_the_clear" | "credential_in_the_clear" }
  | { readonly kind: "tls_version_too_low"; readonly reason: "tls_version_too_low" | "tls_version_unknown" }
  | { readonly kind: "client_certificate_required"; readonly reason: PinFault }
  | { readonly kind: "headers_too_large"; readonly reason: "headers_too_large" }
  | { readonly kind: "body_too_large"; readonly reason: "body_too_large" }
  /** A WebSocket is asked for where there is none, or in a way that is not understood. */
  | {
      readonly kind: "upgrade_refused";
      readonly reason: "upgrade_not_taken" | "subprotocols_malformed" | "subprotocol_credential";
    }
  /** Here there is nothing but a WebSocket. */
  | { readonly kind: "upgrade_required"; readonly reason: "upgrade_missing" | "websocket_version" }
  /** A page of that web origin may not open a WebSocket. */
  | { readonly kind: "origin_not_allowed"; readonly reason: "web_origin_missing" | "web_origin_not_listed" }
  | { readonly kind: "ambiguous_credentials"; readonly reason: string }
  /** The caller learns neither what it is, nor whether it is about its network or about itself. */
  | { readonly kind: "barred"; readonly reason: "listed" }
  | { readonly kind: "barred"; readonly reason: "signal" }
  /** A person has to prove to be there. */
  | { readonly kind: "captcha_required"; readonly reason: string; readonly challenge: CaptchaChallenge }
  /** Nothing was presented, or nothing that we know (RFC 6750 §3.1). */
  | {
      readonly kind: "unauthenticated";
      readonly reason: "no_credential" | "scheme_not_supported";
      readonly route: GateRoute;
    }
  /** A session's cookie came with a call that may be another site's doing. */
  | { readonly kind: "cross_site"; readonly reason: CrossSiteFault }
  | { readonly kind: "invalid_credential"; readonly reason: string; readonly route: GateRoute }
  /** A token without any other fault. */
  | { readonly kind: "expired_token"; readonly reason: "token_expired"; readonly route: GateRoute }
  | {
      readonly kind: "too_many_failures";
      readonly reason: "failed_authentications";
      readonly retryAfterSeconds: number;
    }
  | { readonly kind: "insufficient_scope"; readonly reason: "scope_missing"; readonly route: RightsRoute }
  | { readonly kind: "forbidden"; readonly reason: "role_missing"; readonly route: RightsRoute }
  /** Which permissions that the route demands no role of the caller gives. */
  | {
      readonly kind: "permission_missing";
      readonly reason: "permission_missing";
      readonly missing: readonly string[];
    }
  /** By the policy of the route's action. The caller learns neither rule nor attribute; `isHidden`: not even that there is something. */
  | { readonly kind: "denied"; readonly reason: DenialReason; readonly isHidden: boolean }
  /** The person has to sign in anew, or in a stronger way (RFC 9470 §3). */
  | { readonly kind: "step_up"; readonly reason: "step_up"; readonly stepUp: StepUp; readonly route: RightsRoute }
  /** It is not told in one way alone which resources the call is about. */
  | { readonly kind: "resource_unread"; readonly reason: ReadingFault }
  /** What the call says it has to know of is no consistency token. */
  | { readonly kind: "consistency_malformed"; readonly reason: "consistency_malformed" }
  /** It is one, of a change that was never made. */
  | { readonly kind: "consistency_unreached"; readonly reason: "consistency_unreached" }
  /** Others carry the call out, and nobody would keep what the route promises of bodies. */
  | { readonly kind: "bodies_not_seen"; readonly reason: "bodies_not_seen" }
  /** Milliseconds until something comes back; null for never. */
  | { readonly kind: "credits_exhausted"; readonly reason: "credits_exhausted"; readonly refillInMs: number | null }
  | { readonly kind: "quota_exceeded"; readonly reason: "limit"; readonly limits: JudgedLimits }
  | {
      readonly kind: "unavailable";
      readonly reason:
        | "edge_feed_stale"
        | "limiter_unavailable"
        | "credits_unavailable"
        | "captcha_unavailable"
        | "audit_unavailable"
        | "signals_unavailable"
        | "role_book_unavailable";
    };

/** The address has failed too often to be looked at again before so many seconds. */
export function tooManyFailures(retryAfterSeconds: number): Refusal {
  return { kind: "too_many_failures", reason: "failed_authentications", retryAfterSeconds };
}
