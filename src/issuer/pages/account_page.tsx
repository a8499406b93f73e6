import { type AccountNotice, DoneNotice } from "./account_notice.tsx";
import { Ago } from "./ago.tsx";
import { AppRows, type ConnectedApp } from "./connected_apps.tsx";
import { Button, ButtonForm, Field, Form, type FormSeal, Notice } from "./form.tsx";
import { type Page, page } from "./page.ts";
import { newPasswordHint } from "./password_words.ts";

export interface SessionView {
  readonly id: string;
  /** What kind of browser, from where: made fit to be shown. */
  readonly label: string;
  readonly current: boolean;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
}

export interface AccountProps {
  readonly seal: FormSeal;
  readonly nowMs: number;
  readonly email: string;
  readonly sessions: readonly SessionView[];
  /** Those used last; the rest is on a page of its own. */
  readonly apps: readonly ConnectedApp[];
  readonly appTotal: number;
  readonly minLength: number;
  readonly notice: AccountNotice | null;
  readonly currentPasswordFault: string | null;
  readonly newPasswordFault: string | null;
  readonly problem: string | null;
}

/** What a person sees and ends of their own: sessions, connected apps, password, address. */
export function accountPage(props: AccountProps): Page {
  const { seal, notice, problem } = props;
  const isFaulty = problem !== null || props.currentPasswordFault !== null || props.newPasswordFault !== null;
  const body = (
    <>
      <div class="section-head title-row">
        <h1>Your account</h1>
        <ButtonForm action="/account/sign-out" seal={seal} label="Sign out" />
      </div>
      <div class="stack">
        <DoneNotice notice={notice} />
        {problem === null ? null : <Notice kind="danger" title={problem} />}
        <EmailSection {...props} />
        <SessionSection {...props} />
        <AppSection {...props} />
        <PasswordSection {...props} />
      </div>
    </>
  );
  return page(isFaulty ? "Error: your account" : "Your account", body, { width: "wide", script: "reveal" });
}

/** Nobody signs in before the address is confirmed: there is no other state to show. */
function EmailSection({ email }: AccountProps) {
  return (
    <section class="panel" aria-labelledby="email-heading">
      <div class="section-head">
        <h2 id="email-heading">Email address</h2>
      </div>
      <ul class="rows">
        <li>
          <div class="what tagged">
            <bdi>{email}</bdi>
            <span class="tag">Confirmed</span>
          </div>
          <a class="button button-small" href="/account/email">
            Change<span class="visually-hidden"> your email address</span>
          </a>
        </li>
      </ul>
    </section>
  );
}

function SessionSection({ seal, sessions, nowMs }: AccountProps) {
  return (
    <section class="panel" aria-labelledby="sessions-heading">
      <div class="section-head">
        <h2 id="sessions-heading">Where you are signed in</h2>
        {sessions.length < 2 ? null : (
          <ButtonForm action="/account/sign-out-everywhere" seal={seal} label="Sign out everywhere" kind="danger" />
        )}
      </div>
      <ul class="rows">
        {sessions.map((session) => (
          <li>
            <div class="what">
              <h3 class="tagged">
                <bdi>{session.label}</bdi>
                {session.current ? <span class="tag">This browser</span> : null}
              </h3>
              <p class="muted small">
                Last seen <Ago atMs={session.lastSeenAtMs} nowMs={nowMs} />, signed in{" "}
                <Ago atMs={session.createdAtMs} nowMs={nowMs} />
              </p>
            </div>
            {session.current ? null : (
              <ButtonForm
                action="/account/sessions/end"
                seal={seal}
                fields={{ session: session.id }}
                label="End"
                about={`the session ${session.label}`}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function AppSection({ seal, apps, appTotal, nowMs }: AccountProps) {
  return (
    <section class="panel" aria-labelledby="apps-heading">
      <div class="section-head">
        <h2 id="apps-heading">Connected apps</h2>
      </div>
      {appTotal === 0 ? (
        <p class="muted">No application has access to your account.</p>
      ) : (
        <AppRows seal={seal} nowMs={nowMs} apps={apps} from="account" />
      )}
      {appTotal <= apps.length ? null : (
        <p class="more">
          <a href="/account/apps">Show all {appTotal} connected apps</a>
        </p>
      )}
    </section>
  );
}

function PasswordSection({ seal, email, minLength, currentPasswordFault, newPasswordFault }: AccountProps) {
  return (
    <section class="panel" aria-labelledby="password-heading">
      <div class="section-head">
        <h2 id="password-heading">Password</h2>
      </div>
      <div class="narrow">
        <Form action="/account/password" seal={seal}>
          {/* A password manager has to know whose password it is. */}
          <input type="email" autocomplete="username" value={email} readonly hidden />
          <Field
            label="Current password"
            name="current_password"
            type="password"
            autocomplete="current-password"
            fault={currentPasswordFault}
          />
          <Field
            label="New password"
            name="new_password"
            type="password"
            autocomplete="new-password"
            hint={`${newPasswordHint(minLength)} Every other session ends, and connected apps ask again.`}
            fault={newPasswordFault}
          />
          <Button label="Change password" kind="plain" />
        </Form>
      </div>
    </section>
  );
}
