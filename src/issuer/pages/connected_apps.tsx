import { type AccountNotice, DoneNotice } from "./account_notice.tsx";
import { Ago } from "./ago.tsx";
import { ButtonForm, type FormSeal } from "./form.tsx";
import { type Page, page } from "./page.ts";

/** All that one client has of a person's. */
export interface ConnectedApp {
  readonly clientId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Null where it has no access now, and is only allowed to fetch some. */
  readonly lastUsedAtMs: number | null;
  /** When it was last allowed; null where it would have to ask again. */
  readonly agreedAtMs: number | null;
}

interface AppRowsProps {
  readonly seal: FormSeal;
  readonly nowMs: number;
  readonly apps: readonly ConnectedApp[];
  /** Where withdrawing leads back to. */
  readonly from: "account" | "apps";
}

/** A row for each client, with a button that takes everything back. */
export function AppRows({ seal, nowMs, apps, from }: AppRowsProps) {
  return (
    <ul class="rows">
      {apps.map((app) => (
        <li>
          <div class="what">
            <h3>
              <bdi>{app.name}</bdi>
            </h3>
            <p class="small">{app.scopes.join(" · ")}</p>
            <p class="muted small">
              <AppState app={app} nowMs={nowMs} />
            </p>
          </div>
          <ButtonForm
            action="/account/apps/withdraw"
            seal={seal}
            fields={{ client: app.clientId, from }}
            label="Withdraw"
            about={`the access of ${app.name}`}
          />
        </li>
      ))}
    </ul>
  );
}

function AppState({ app, nowMs }: { app: ConnectedApp; nowMs: number }) {
  if (app.lastUsedAtMs !== null) {
    return (
      <>
        Last used <Ago atMs={app.lastUsedAtMs} nowMs={nowMs} />
      </>
    );
  }
  return (
    <>
      No access now. You allowed it <Ago atMs={app.agreedAtMs ?? nowMs} nowMs={nowMs} />, so it may come back without
      asking.
    </>
  );
}

export interface ConnectedAppsProps extends Omit<AppRowsProps, "from"> {
  readonly total: number;
  /** From 1 on. */
  readonly pageNumber: number;
  readonly pages: number;
  readonly notice: AccountNotice | null;
}

/** Every connected app, some at a time. */
export function connectedAppsPage({ total, pageNumber, pages, notice, ...rows }: ConnectedAppsProps): Page {
  const body = (
    <>
      <div class="section-head title-row">
        <h1>Connected apps</h1>
        <a href="/account">Back to your account</a>
      </div>
      <div class="stack">
        <DoneNotice notice={notice} />
        <section class="panel" aria-label="Connected apps">
          {total === 0 ? (
            <p class="muted">No application has access to your account.</p>
          ) : (
            <AppRows {...rows} from="apps" />
          )}
        </section>
        {pages < 2 ? null : (
          <nav class="pager" aria-label="Pages">
            {pageNumber > 1 ? <a href={`/account/apps?page=${pageNumber - 1}`}>Previous</a> : <span />}
            <span class="muted small">
              Page {pageNumber} of {pages}, {total} apps
            </span>
            {pageNumber < pages ? <a href={`/account/apps?page=${pageNumber + 1}`}>Next</a> : <span />}
          </nav>
        )}
      </div>
    </>
  );
  return page("Connected apps", body, { width: "wide" });
}
