import { Button, Field, Form, type FormSeal, Notice } from "./form.tsx";
import { HumanCheck, HumanNotice, type HumanProblem, type HumanWidget } from "./human_check.tsx";
import { type Page, page } from "./page.ts";
import type { PasswordFaultText } from "./password_words.ts";
import { newPasswordHint } from "./password_words.ts";
import { waitInWords } from "./words.ts";

export interface RegisterProps {
  readonly seal: FormSeal;
  readonly email: string;
  readonly minLength: number;
  readonly emailFault: string | null;
  readonly passwordFault: PasswordFaultText | null;
  readonly retryAfterSeconds: number | null;
  readonly human: HumanProblem | null;
  /** What has to be solved; null for nothing. */
  readonly widget: HumanWidget | null;
}

/** A new account. Says the same whether or not the address has one already. */
export function registerPage(props: RegisterProps): Page {
  const { seal, email, minLength, emailFault, passwordFault, retryAfterSeconds, human, widget } = props;
  const onward = seal.tx === null ? "" : `?tx=${encodeURIComponent(seal.tx)}`;
  const isFaulty = emailFault !== null || passwordFault !== null || retryAfterSeconds !== null || human !== null;
  const body = (
    <div class="panel stack">
      <h1>Create an account</h1>
      {retryAfterSeconds === null ? null : (
        <Notice kind="danger" title={`Please wait ${waitInWords(retryAfterSeconds)}.`}>
          <p>There were too many new accounts from your network.</p>
        </Notice>
      )}
      {human === null ? null : <HumanNotice problem={human} />}
      <Form action="/register" seal={seal}>
        <Field
          label="Email address"
          name="email"
          type="email"
          autocomplete="username"
          value={email}
          fault={emailFault}
          focused={passwordFault === null}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autocomplete="new-password"
          hint={newPasswordHint(minLength)}
          fault={passwordFault}
          focused={passwordFault !== null}
        />
        <HumanCheck widget={widget} />
        <Button label="Create account" />
      </Form>
      <p class="muted">
        Have an account? <a href={`/login${onward}`}>Sign in</a>
      </p>
    </div>
  );
  return page(isFaulty ? "Error: create an account" : "Create an account", body, { script: "reveal", widget });
}

/** After `registerPage`: the rest happens in the mailbox. It names no address: none stands in a URL. */
export function registeredPage({ tx }: { readonly tx: string | null }): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Check your mail</h1>
        <p class="lead">
          We sent you a message. Open the link in it to confirm that the address is yours: then you can sign in. In
          another browser or on your phone you are asked for your password as well.
        </p>
      </div>
      <p class="muted small">
        Nothing there after a few minutes? Look among unwanted mail. We mail one address only a few times an hour: open
        the newest message that you were sent, or register again in a quarter of an hour.
      </p>
      <a class="button button-wide" href={tx === null ? "/login" : `/login?tx=${encodeURIComponent(tx)}`}>
        Go to sign-in
      </a>
    </div>
  );
  return page("Check your mail", body);
}
