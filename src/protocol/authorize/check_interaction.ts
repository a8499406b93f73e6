import { ok, type Result } from "../../kernel/result.ts";
import { type AuthorizationError, refuse } from "./authorization_error.ts";
import type { AuthorizationParameters } from "./parameters.ts";

/** `prompt` values of OpenID Connect Core §3.1.2.1. */
const PROMPTS = ["none", "login", "consent", "select_account"] as const;
export type Prompt = (typeof PROMPTS)[number];

/** How the client wants its user to be met. */
export interface Interaction {
  readonly prompts: readonly Prompt[];
  /** How long ago the user may have signed in at most, in seconds; null for no bound. */
  readonly maxAgeSeconds: number | null;
  /** Filled into the sign-in form; a hint proves nothing. */
  readonly loginHint: string | null;
  /** BCP 47 tags as sent, for pages that know several languages. */
  readonly uiLocales: string | null;
  readonly nonce: string | null;
  /** An ID token of the user who is expected, not yet verified. */
  readonly idTokenHint: string | null;
}

const MAX_NONCE = 1_024;
const MAX_HINT = 320;
const MAX_ID_TOKEN = 8_192;
/** About a hundred years: more is a mistake. */
const MAX_AGE = /^\d{1,10}$/;

/**
 * `prompt`, `max_age`, `nonce` and the hints (OpenID Connect Core §3.1.2.1). What constrains the answer is read strictly. Hints
 * are tolerated: one that is too long is no hint. `acr_values`, `claims` and `display` change nothing here, and are not read.
 */
export function checkInteraction(parameters: AuthorizationParameters): Result<Interaction, AuthorizationError> {
  const prompts = parsePrompts(parameters.get("prompt"));
  if (prompts === null) return refuse("invalid_request", "prompt has an unknown value", "prompt_unknown");
  if (prompts.includes("none") && prompts.length > 1) {
    return refuse("invalid_request", "prompt none goes with no other value", "prompt_none_with_others");
  }
  const maxAge = readMaxAge(parameters.get("max_age"));
  if (maxAge === "malformed") {
    return refuse("invalid_request", "max_age is not a number of seconds", "max_age_malformed");
  }
  const nonce = parameters.get("nonce") ?? null;
  if (nonce !== null && nonce.length > MAX_NONCE) {
    return refuse("invalid_request", "nonce is longer than 1024 characters", "nonce_too_long");
  }
  const hint = (name: string, longest: number) => {
    const value = parameters.get(name);
    return value !== undefined && value.length <= longest ? value : null;
  };
  return ok({
    prompts,
    maxAgeSeconds: maxAge,
    loginHint: hint("login_hint", MAX_HINT),
    uiLocales: hint("ui_locales", MAX_HINT),
    nonce,
    idTokenHint: hint("id_token_hint", MAX_ID_TOKEN),
  });
}

/** `max_age`, in seconds; null where there is none. */
export function readMaxAge(text: string | undefined): number | null | "malformed" {
  if (text === undefined) return null;
  return MAX_AGE.test(text) ? Number(text) : "malformed";
}

function parsePrompts(text: string | undefined): readonly Prompt[] | null {
  const words = (text ?? "").split(" ").filter((word) => word !== "");
  const known = words.flatMap((word) => PROMPTS.find((prompt) => prompt === word) ?? []);
  return known.length === words.length ? [...new Set(known)] : null;
}
