import { ClientName, type ClientView } from "./client_view.tsx";
import { Button, Field, Form, type FormSeal, Notice } from "./form.tsx";
import { HumanCheck, HumanNotice, type HumanProblem, type HumanWidget } from "./human_check.tsx";
import { type Page, page } from "./page.ts";
import { waitInWords } from "./words.ts";

export type LoginProblem =
  | HumanProblem
  | { readonly kind: "wrong" }
  | { readonly kind: "throttled"; readonly retryAfterSeconds: number }
  | { readonly kind: "busy"; readonly retryAfterSeconds: number };

export interface LoginProps {
  readonly seal: FormSeal;
  /** Who asks; null where the person came by themselves. */
  readonly client: ClientView | null;
  /** Whether somebody is signed in already, too long ago for what they are about to do. */
  readonly again: boolean;
  /** What `login_hint` or the last attempt named. */
  readonly email: string;
  readonly problem: LoginProblem | null;
  /** What has to be solved; null for nothing. */
  readonly widget: HumanWidget | null;
  /** Redirect URIs that a sign-in may lead to. */
  readonly leadsTo: readonly string[];
}

/** Sign-in by address and password. A wrong name and a wrong password read alike. */
export function loginPage({ seal, client, again, email, problem, widget, leadsTo }: LoginProps): Page {
  const onward = seal.tx === null ? "" : `?tx=${encodeURIComponent(seal.tx)}`;
  const body = (
    <>
      <div class="panel stack">
        <div>
          <h1>{again ? "Sign in again" : "Sign in"}</h1>
          {again ? <p class="lead">What you are about to do asks for a recent sign-in. Show that it is you.</p> : null}
          {client === null ? null : (
            <p class="lead">
              to continue to <ClientName client={client} />
            </p>
          )}
        </div>
        {problem === null ? null : <LoginNotice problem={problem} />}
        <Form action="/login" seal={seal}>
          <Field
            label="Email address"
            name="email"
            type="email"
            autocomplete="username"
            value={email}
            focused={email === ""}
          />
          <Field
            label="Password"
            name="password"
            type="password"
            autocomplete="current-password"
            focused={email !== ""}
            aside={<a href={`/forgot${onward}`}>Forgot it?</a>}
          />
          <HumanCheck widget={widget} />
          <Button label="Sign in" />
        </Form>
        {again ? (
          <p class="muted">
            <a href="/account">Back to your account</a>
          </p>
        ) : (
          <p class="muted">
            New here? <a href={`/register${onward}`}>Create an account</a>
          </p>
        )}
      </div>
    </>
  );
  const title = again ? "Sign in again" : "Sign in";
  return page(problem === null ? title : `Error: ${title.toLowerCase()}`, body, { script: "reveal", widget, leadsTo });
}

function LoginNotice({ problem }: { problem: LoginProblem }) {
  switch (problem.kind) {
    case "human_required":
    case "human_unknown":
      return <HumanNotice problem={problem} />;
    case "wrong":
      return (
        <Notice kind="danger" title="That did not match.">
          <p>The email address or the password is not right. Check both and try again.</p>
        </Notice>
      );
    case "throttled":
      return (
        <Notice kind="danger" title={`Please wait ${waitInWords(problem.retryAfterSeconds)}.`}>
          <p>There were too many attempts. Nothing you enter before then is looked at.</p>
        </Notice>
      );
    case "busy":
      return (
        <Notice kind="danger" title="Please try again in a moment.">
          <p>Many people are signing in right now. Your password was not looked at.</p>
        </Notice>
      );
  }
}
