/** When and how a person proved who they are (RFC 9068 §2.2.1). */
export interface SignIn {
  /** Unix seconds; null where nobody said. */
  readonly authTimeSeconds: number | null;
  /** The authentication context class; null where nobody said. */
  readonly acr: string | null;
  /** Authentication methods (RFC 8176). */
  readonly amr: readonly string[];
}

/** Of a credential that nobody signed in for. */
export const NO_SIGN_IN: SignIn = { authTimeSeconds: null, acr: null, amr: [] };

/** The values of `acr` that our own issuer can give. None yet: a password alone is no class worth a name. */
export const OWN_ACR_VALUES: readonly string[] = [];

const MAX_METHODS = 32;
const MAX_CHARACTERS = 256;
/** How much later than its token a sign-in may seem, by clocks that differ. */
const CLOCK_SKEW_SECONDS = 60;
/** No control characters: these go on to origins and logs. */
const PLAIN = /^\P{Cc}+$/u;

/**
 * Reads `auth_time`, `acr` and `amr` of a token that was issued at `iatSeconds`. One that is of another type, too long, or a sign-in that
 * would come after its own token (milliseconds, a clock that is wrong) counts as not said: it then meets no demand, and the token is good for all else.
 */
export function readSignIn(payload: Readonly<Record<string, unknown>>, iatSeconds: number): SignIn {
  const { auth_time: authTime, acr, amr } = payload;
  const isTime = typeof authTime === "number" && authTime >= 0 && authTime <= iatSeconds + CLOCK_SKEW_SECONDS;
  const methods = Array.isArray(amr) && amr.length <= MAX_METHODS && amr.every(isWord) ? (amr as string[]) : [];
  if (!isTime && !isWord(acr) && methods.length === 0) return NO_SIGN_IN;
  return { authTimeSeconds: isTime ? Math.floor(authTime) : null, acr: isWord(acr) ? acr : null, amr: methods };
}

/** The claims that say it, those alone that are known. */
export function signInClaims({ authTimeSeconds, acr, amr }: SignIn): Readonly<Record<string, unknown>> {
  return {
    ...(authTimeSeconds === null ? {} : { auth_time: authTimeSeconds }),
    ...(acr === null ? {} : { acr }),
    ...(amr.length === 0 ? {} : { amr }),
  };
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_CHARACTERS && PLAIN.test(value);
}
