import type { ScopedContext } from "../http/request_scope.ts";
import { consentGiver } from "../issuing/authorizing.ts";
import {
  type ConnectedClient,
  type ConnectedRange,
  connectedClients,
  withdrawAccess,
} from "../issuing/connected_apps.ts";
import type { CurrentSession } from "../issuing/current_session.ts";
import { displayText } from "../protocol/display_text.ts";
import { parseClientId } from "../protocol/ids.ts";
import { done, signedInForm, withNotice } from "./account_form.ts";
import { seeOther } from "./authorization_desk.ts";
import { IDENTITY_WORDS } from "./authorization_pages.ts";
import { logPerson, type PageDesk, personAt, seal, showPage } from "./page_desk.ts";
import { type ConnectedApp, connectedAppsPage } from "./pages/connected_apps.tsx";

const MAX_NAME = 60;
const PAGE_SIZE = 20;

/** `GET /account/apps`: every connected app, twenty at a time. A page that is not there is the last one. */
export async function appsRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const person = await personAt(c, desk);
  if (person === null) return seeOther("/login");
  const asked = askedPage(c.req.query("page"));
  const first = await connectedApps(c, desk, person, rangeOf(asked));
  const pages = Math.max(1, Math.ceil(first.total / PAGE_SIZE));
  const pageNumber = Math.min(asked, pages);
  const { apps, total } = pageNumber === asked ? first : await connectedApps(c, desk, person, rangeOf(pageNumber));
  const formSeal = await seal({ kind: "session", sessionId: person.session.id }, null, desk);
  const { nowMs } = c.var.scope;
  return withNotice(c, desk, (notice) =>
    showPage(connectedAppsPage({ seal: formSeal, nowMs, apps, total, pageNumber, pages, notice }), null, desk),
  );
}

/** `POST /account/apps/withdraw`: all that one client was given, and what was agreed to for it, whether it is registered still or not. */
export function withdrawRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return signedInForm(c, desk, "/account", async ({ user }, form) => {
    const from = form.get("from") === "apps" ? "/account/apps" : "/account";
    const client = parseClientId(form.get("client") ?? "");
    if (client === null) return seeOther(from);
    await withdrawAccess(user.id, client, desk.connections, c.var.scope.nowMs);
    logPerson(c, "access_withdrawn", { user_id: user.id, client_id: client });
    return done("access_withdrawn", desk, from);
  });
}

/** The connected apps of `person` as pages show them, those of `range`. */
export async function connectedApps(
  c: ScopedContext,
  desk: PageDesk,
  person: CurrentSession,
  range: ConnectedRange,
): Promise<{ readonly apps: readonly ConnectedApp[]; readonly total: number }> {
  const { clients, total } = await connectedClients(consentGiver(person), range, desk.connections, c.var.scope.nowMs);
  return { apps: clients.map((client) => connectedApp(client, desk)), total };
}

function rangeOf(pageNumber: number): ConnectedRange {
  return { from: (pageNumber - 1) * PAGE_SIZE, most: PAGE_SIZE };
}

function askedPage(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
}

function connectedApp(
  { clientId, name, scopes, lastUsedAtMs, agreedAtMs }: ConnectedClient,
  desk: PageDesk,
): ConnectedApp {
  const words = scopes
    .filter(({ scope }) => scope !== "offline_access")
    .map(({ resource, scope }) => IDENTITY_WORDS[scope] ?? desk.scopeInWords(resource, scope));
  const shown = name === null ? "An application that is gone" : displayText(name, MAX_NAME, "An unnamed application");
  return { clientId, name: shown, scopes: [...new Set(words)], lastUsedAtMs, agreedAtMs };
}
