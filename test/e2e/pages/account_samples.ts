import { accountPage } from "../../../src/issuer/pages/account_page.tsx";
import {
  changeEmailPage,
  changeEmailSentPage,
  confirmNewEmailPage,
  emailTakenPage,
  otherAccountPage,
  signInToConfirmPage,
  undoEmailChangePage,
} from "../../../src/issuer/pages/change_email_pages.tsx";
import { type ConnectedApp, connectedAppsPage } from "../../../src/issuer/pages/connected_apps.tsx";
import type { FormSeal } from "../../../src/issuer/pages/form.tsx";
import type { Page } from "../../../src/issuer/pages/page.ts";

const HOUR = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 21, 12);
export const EMAIL = "ada.lovelace@example.org";
export const LONG_EMAIL = `${"a-very-long-local-part".repeat(3)}@${"sub.".repeat(20)}example.org`;

const account = {
  nowMs: NOW_MS,
  email: EMAIL,
  minLength: 15,
  notice: null,
  currentPasswordFault: null,
  newPasswordFault: null,
  problem: null,
  sessions: [
    { id: "ses_1", label: "Firefox on Linux", current: true, createdAtMs: NOW_MS - 26 * HOUR, lastSeenAtMs: NOW_MS },
    {
      id: "ses_2",
      label: "Safari on iPhone",
      current: false,
      createdAtMs: NOW_MS - 80 * HOUR,
      lastSeenAtMs: NOW_MS - 3 * HOUR,
    },
    {
      id: "ses_3",
      label: "Chrome on Windows",
      current: false,
      createdAtMs: NOW_MS - 140 * HOUR,
      lastSeenAtMs: NOW_MS - 50 * HOUR,
    },
  ],
} as const;

const APPS: readonly (readonly [string, readonly string[], number | null])[] = [
  [
    "Orders Dashboard",
    ["That it is you: an identifier for your account", "Read orders", "Create and change orders"],
    1,
  ],
  ["Living-room TV", ["Read orders"], 70],
  ["Warehouse scanner", ["Read orders", "Approve orders"], 90],
  ["Monthly report", ["That it is you: an identifier for your account", "Your email address"], null],
  ["An application that is gone", ["Read orders"], 200],
  ["Invoice reader", ["Your name and what else your profile says", "Read documents"], 240],
  ["Calendar bridge", ["Read documents"], null],
  ["Field app", ["Read orders"], 300],
  ["Price monitor", ["Read orders"], 320],
  ["Shipping labels", ["Read orders", "Read documents", "Change documents"], 340],
  ["Chat assistant", ["That it is you: an identifier for your account"], 400],
  ["Archive", [], 420],
];

function app([name, scopes, hours]: (typeof APPS)[number], at: number): ConnectedApp {
  const lastUsedAtMs = hours === null ? null : NOW_MS - hours * HOUR;
  return { clientId: `cli_${at}`, name, scopes, lastUsedAtMs, agreedAtMs: NOW_MS - 500 * HOUR };
}

/** What a person has of their own, by name. */
export function accountSamples(seal: FormSeal): Readonly<Record<string, Page>> {
  const apps = APPS.map(app);
  const some = { ...account, seal, apps: apps.slice(0, 2), appTotal: 2 };
  const list = { seal, nowMs: NOW_MS, notice: null };
  return {
    account: accountPage(some),
    "account-many-apps": accountPage({ ...some, apps: apps.slice(0, 6), appTotal: apps.length }),
    "account-changed": accountPage({
      ...some,
      notice: "password_changed",
      sessions: account.sessions.slice(0, 1),
      apps: [],
      appTotal: 0,
    }),
    "account-faulty": accountPage({
      ...some,
      email: LONG_EMAIL,
      currentPasswordFault: "This is not your current password.",
      newPasswordFault: "Use at least 15 characters.",
      apps: apps.slice(0, 1).map((one) => ({ ...one, name: "W".repeat(60) })),
      appTotal: 1,
    }),
    apps: connectedAppsPage({ ...list, apps, total: apps.length, pageNumber: 1, pages: 1 }),
    "apps-paged": connectedAppsPage({
      ...list,
      notice: "access_withdrawn",
      apps: apps.slice(0, 3),
      total: 43,
      pageNumber: 2,
      pages: 3,
    }),
  };
}

/** The way to another address, by name. */
export function changeEmailSamples(seal: FormSeal): Readonly<Record<string, Page>> {
  const newEmail = "ada@countess.example";
  const asking = {
    seal,
    email: EMAIL,
    newEmail: "",
    linkSeconds: 900,
    newEmailFault: null,
    passwordFault: null,
    retryAfterSeconds: null,
  };
  const undo = { seal, token: "secret", email: EMAIL, minLength: 15, fault: null };
  return {
    "change-email": changeEmailPage(asking),
    "change-email-faulty": changeEmailPage({
      ...asking,
      email: LONG_EMAIL,
      newEmail: LONG_EMAIL,
      newEmailFault: "This is your email address already.",
      passwordFault: "This is not your current password.",
      retryAfterSeconds: 700,
    }),
    "change-email-sent": changeEmailSentPage({ linkSeconds: 900 }),
    "change-email-confirm": confirmNewEmailPage({ seal, token: "secret", email: EMAIL, newEmail }),
    "change-email-sign-in": signInToConfirmPage({ newEmail }),
    "change-email-other": otherAccountPage({ email: LONG_EMAIL }),
    "change-email-taken": emailTakenPage({ action: { href: "/account/email", label: "Choose another address" } }),
    "change-email-undo": undoEmailChangePage({ ...undo, fault: "Use at least 15 characters." }),
  };
}
