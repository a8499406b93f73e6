import type { RequestScope } from "../http/request_scope.ts";
import type { Caller, Moment } from "../issuing/issuer.ts";
import type { Result } from "../kernel/result.ts";
import type { Form } from "../protocol/form.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";

/** One call of an endpoint for clients, which take a form by POST: what came, and when it was there whole. */
export interface ClientCall {
  readonly form: Result<Form, OAuthError>;
  readonly caller: Caller;
  readonly moment: Moment;
  readonly scope: RequestScope;
}
