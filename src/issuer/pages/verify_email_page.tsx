import { Button, Field, Form, type FormSeal, Notice } from "./form.tsx";
import { HumanCheck, HumanNotice, type HumanProblem, type HumanWidget } from "./human_check.tsx";
import { type Page, page } from "./page.ts";
import { waitInWords } from "./words.ts";

export interface VerifyEmailProps {
  readonly seal: FormSeal;
  /** The link's secret, as it came. */
  readonly token: string;
  readonly email: string;
  /** Not where the account was registered in this very browser. */
  readonly asksPassword: boolean;
  readonly passwordFault: string | null;
  readonly retryAfterSeconds: number | null;
  readonly human: HumanProblem | null;
  /** What has to be solved beside the password; null for nothing. */
  readonly widget: HumanWidget | null;
}

/**
 * Behind a mailed link: a form, because scanners of mail open links and a GET changes nothing. It asks for the password that the account
 * was made with: a stranger may have made it, with this reader's address and a password of their own.
 */
export function verifyEmailPage(props: VerifyEmailProps): Page {
  const { seal, token, email, asksPassword, passwordFault, retryAfterSeconds, human, widget } = props;
  const body = (
    <div class="panel stack">
      <div>
        <h1>Confirm your email address</h1>
        <p class="lead">
          Is{" "}
          <strong>
            <bdi>{email}</bdi>
          </strong>{" "}
          your email address?
        </p>
      </div>
      {retryAfterSeconds === null ? null : (
        <Notice kind="danger" title={`Please wait ${waitInWords(retryAfterSeconds)}.`}>
          <p>There were too many tries. Nothing has changed, and the link still works.</p>
        </Notice>
      )}
      {human === null ? null : <HumanNotice problem={human} />}
      <Form action="/verify-email" seal={seal}>
        <input type="hidden" name="token" value={token} />
        {asksPassword ? (
          <>
            {/* A password manager has to know whose password it is. */}
            <input type="email" autocomplete="username" value={email} readonly hidden />
            <Field
              label="Password"
              name="password"
              type="password"
              autocomplete="current-password"
              hint="The one that you chose when you registered."
              fault={passwordFault}
              focused
              aside={<a href="/forgot">Set a new one</a>}
            />
          </>
        ) : null}
        <HumanCheck widget={widget} />
        <Button label="Yes, confirm it" />
      </Form>
      {asksPassword ? (
        <p class="muted small">
          You chose none, or do not remember it? Set a new one by mail: that confirms the address too. If you did not
          register, close the page: nothing has changed, and nobody can sign in with your address.
        </p>
      ) : (
        <p class="muted small">If you did not ask for this, close the page: nothing has changed.</p>
      )}
    </div>
  );
  const title = "Confirm your email address";
  const isFaulty = passwordFault !== null || retryAfterSeconds !== null || human !== null;
  return page(
    isFaulty ? "Error: confirm your email address" : title,
    body,
    asksPassword ? { script: "reveal", widget } : undefined,
  );
}

/** After `verifyEmailPage`. */
export function emailVerifiedPage(): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Your email address is confirmed</h1>
        <p class="lead">The address is yours. You can sign in now.</p>
      </div>
      <a class="button button-first button-wide" href="/account">
        Go to your account
      </a>
    </div>
  );
  return page("Your email address is confirmed", body);
}

/** A mailed link that works no more, or never did: all causes read alike. */
export function deadLinkPage({ again }: { readonly again: { readonly href: string; readonly label: string } }): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>This link does not work</h1>
        <p class="lead">It may have been used already, or it is too old. Links work once and for a short time.</p>
      </div>
      <a class="button button-first button-wide" href={again.href}>
        {again.label}
      </a>
    </div>
  );
  return page("This link does not work", body);
}
