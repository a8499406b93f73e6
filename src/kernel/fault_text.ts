import { Outage } from "./outage.ts";

/** Longer than what anybody says of a fault. */
const MOST = 300;
/** As much of a text as is looked at. */
const LOOKED_AT = 1_000;
/**
 * What no log may hold, whoever wrote it into an error: addresses of servers with all that stands in them, secrets of ours by their prefixes, JWTs,
 * mail addresses, and whatever is as long as a secret.
 */
const UNSPEAKABLE =
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S+|\b(?:sp[a-z]|[sp]k_(?:live|test))_[\w.-]+|\beyJ[\w.-]+|[\w+/=-]{40,}|[^\s@"'<>]{1,64}@[^\s@"'<>]+/gi;

/** An error whose message is ours from end to end and holds no secret: operators are told all of it. */
export class OwnWords extends Error {}

/** What a log says of `error`: of an outage its cause, which says more than its name. In words of its own, and with no secret. */
export function faultText(error: unknown): string {
  let cause = error;
  while (cause instanceof Outage && cause.cause !== undefined) cause = cause.cause;
  return spoken(cause);
}

/** The same where a log line has a field for what was thrown and one for what caused it. */
export function faultFields(error: unknown): { readonly error: string; readonly cause: string } {
  const isError = error instanceof Error;
  return { error: isError ? spoken(error) : "not an Error", cause: isError ? spoken(error.cause ?? "") : "" };
}

function spoken(thrown: unknown): string {
  // It quotes what could not be read.
  if (thrown instanceof SyntaxError) return thrown.name;
  if (thrown instanceof OwnWords) return thrown.message;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  // A secret that is cut in two is none that could be told.
  const whole = text.length <= LOOKED_AT ? text : text.slice(0, LOOKED_AT).replace(/\S*$/, "");
  return whole.replaceAll(UNSPEAKABLE, "[withheld]").slice(0, MOST);
}
