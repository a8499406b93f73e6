import { isJsonObject } from "../kernel/strict_json.ts";

/** An access token that a server gave us. */
export interface GrantedToken {
  readonly token: string;
  readonly lifeSeconds: number;
}

/** RFC 6750 §2.1, bounded: a token is sent in a header field, which many servers hold to 8 KiB. */
const TOKEN = /^[A-Za-z0-9\-._~+/]{1,8000}={0,2}$/;
/** Where nothing is said of it (RFC 6749 §5.1 only recommends `expires_in`). */
const DEFAULT_LIFE_SECONDS = 60;
/** One that lives less would have to be fetched for every call. */
const LEAST_LIFE_SECONDS = 10;
/** Whatever is promised: what was revoked or narrowed since is not believed for longer. */
const MOST_LIFE_SECONDS = 3_600;

/**
 * Reads a token endpoint's answer (RFC 6749 §5.1), or null where it is none that can be used: another type of token, a token that no
 * header can carry, a life that is too short or no number.
 */
export function parseTokenResponse(answer: unknown): GrantedToken | null {
  if (!isJsonObject(answer)) return null;
  const { access_token: token, token_type: type, expires_in: expiresIn } = answer;
  if (typeof token !== "string" || !TOKEN.test(token)) return null;
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") return null;
  const life = lifeSeconds(expiresIn);
  return life === null || life < LEAST_LIFE_SECONDS ? null : { token, lifeSeconds: Math.min(life, MOST_LIFE_SECONDS) };
}

/** Some servers write the number as a text. */
function lifeSeconds(expiresIn: unknown): number | null {
  if (expiresIn === undefined) return DEFAULT_LIFE_SECONDS;
  const seconds = typeof expiresIn === "string" && /^\d{1,10}$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  return typeof seconds === "number" && Number.isFinite(seconds) ? Math.floor(seconds) : null;
}
