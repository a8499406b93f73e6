import { isPlainUtf8, mediaType, readTextBody } from "../http/body.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { type Form, parseForm } from "../protocol/form.ts";
import { type FormOriginFault, formOriginFault } from "../protocol/form_origin.ts";
import { type FormBearer, isFormTokenOf, type KeyedDigest } from "../protocol/form_token.ts";

/** Why a posted form is not looked at: fixed words for logs. */
export type PageFormFault =
  | FormOriginFault
  | "form_not_a_form"
  | "form_too_large"
  | "form_malformed"
  | "form_token_missing"
  | "form_token_wrong";

/** What the guard of a page's forms needs. */
export interface FormGuard {
  /** The issuer's own origin, from the configuration. */
  readonly origin: string;
  readonly digest: KeyedDigest;
}

const MAX_BODY_BYTES = 64 * 1024;
const FORM = "application/x-www-form-urlencoded";

/**
 * Reads a form that one of our pages posted: checks in order, each enough to stop another site from acting in a person's
 * name (V3.5.1, V3.5.2). `bearer` is what the browser holds, or null where it holds nothing and so can have no form of ours.
 */
export async function readPageForm(
  request: Request,
  bearer: FormBearer | null,
  guard: FormGuard,
): Promise<Result<Form, PageFormFault>> {
  const { headers } = request;
  const said = { origin: headers.get("origin"), secFetchSite: headers.get("sec-fetch-site") };
  const foreign = formOriginFault(said, guard.origin);
  if (foreign !== null) return err(foreign);
  // Another site's script may post text/plain without asking first; only a form of ours comes as one.
  if (mediaType(headers.get("content-type")) !== FORM || !isPlainUtf8(headers)) return err("form_not_a_form");
  const body = await readTextBody(request, MAX_BODY_BYTES);
  if (!body.ok) return err(body.error === "body_too_large" ? "form_too_large" : "form_malformed");
  const form = parseForm(body.value);
  if (!form.ok) return err("form_malformed");
  const token = form.value.get("form_token");
  if (token === undefined || bearer === null) return err("form_token_missing");
  return (await isFormTokenOf(token, bearer, guard.digest)) ? ok(form.value) : err("form_token_wrong");
}
