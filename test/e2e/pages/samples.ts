// Long because every page is shown here once, and in its worst state.
import { clientView } from "../../../src/issuer/pages/client_view.tsx";
import { type AccessAsked, consentPage } from "../../../src/issuer/pages/consent_page.tsx";
import { deviceCodePage, deviceConfirmPage, deviceDonePage } from "../../../src/issuer/pages/device_pages.tsx";
import { errorPage } from "../../../src/issuer/pages/error_page.tsx";
import { forgotPage, forgotSentPage, resetDonePage, resetPage } from "../../../src/issuer/pages/forgot_page.tsx";
import { formPostPage } from "../../../src/issuer/pages/form_post_page.tsx";
import { loginPage } from "../../../src/issuer/pages/login_page.tsx";
import { loggedOutPage, logoutPage } from "../../../src/issuer/pages/logout_pages.tsx";
import type { Page } from "../../../src/issuer/pages/page.ts";
import { registeredPage, registerPage } from "../../../src/issuer/pages/register_page.tsx";
import { selectAccountPage } from "../../../src/issuer/pages/select_account_page.tsx";
import { deadLinkPage, emailVerifiedPage, verifyEmailPage } from "../../../src/issuer/pages/verify_email_page.tsx";
import { NO_PEOPLE } from "../../../src/protocol/person_facing.ts";
import { accountSamples, changeEmailSamples, EMAIL, LONG_EMAIL } from "./account_samples.ts";

const REDIRECT = "https://orders.example.com/callback";
const seal = { formToken: "AAAAAAAAAAAAAAAAAAAAAA.x", tx: "transaction-id" };
const loose = { ...seal, tx: null };
const client = clientView(
  { name: "Orders Dashboard", person: { ...NO_PEOPLE, clientUri: "https://orders.example.com/" } },
  REDIRECT,
);
/** What a hostile registration would look like. */
const hostile = clientView(
  {
    name: `"><script>alert(1)</script>\u202e ${"W".repeat(90)}`,
    person: { ...NO_PEOPLE, clientUri: "javascript:alert(1)" },
  },
  `https://${"very-long-label.".repeat(6)}example.com/callback`,
);
const device = clientView({ name: "Living-room TV", person: NO_PEOPLE }, null);
const access: AccessAsked = {
  identity: ["Who you are, by an identifier", "Your name and picture", "Your email address"],
  api: { resource: "https://api.example.com/", scopes: ["Read orders", "Create and change orders"] },
  lastsSeconds: 30 * 86_400,
  offline: true,
};

/** Every page, by name. `received` is where the form_post page leads. */
export function samples(received: string): Readonly<Record<string, Page>> {
  const login = { seal, client, again: false, email: "", problem: null, widget: null, leadsTo: [REDIRECT] };
  const register = {
    seal: loose,
    email: "",
    minLength: 15,
    emailFault: null,
    passwordFault: null,
    retryAfterSeconds: null,
    human: null,
    widget: null,
  };
  const forgot = { seal: loose, email: "", retryAfterSeconds: null, human: null, widget: null };
  const consent = { seal, client, person: EMAIL, access, leadsTo: [REDIRECT] };
  const reset = { seal: loose, token: "secret", email: EMAIL, minLength: 15, fault: null };
  const verify = { ...forgot, token: "secret", email: EMAIL, asksPassword: true, passwordFault: null };
  return {
    login: loginPage(login),
    "login-plain": loginPage({ ...login, seal: loose, client: null }),
    "login-wrong": loginPage({ ...login, email: EMAIL, problem: { kind: "wrong" } }),
    "login-throttled": loginPage({ ...login, email: EMAIL, problem: { kind: "throttled", retryAfterSeconds: 840 } }),
    "login-busy": loginPage({ ...login, email: EMAIL, problem: { kind: "busy", retryAfterSeconds: 2 } }),
    "login-again": loginPage({ ...login, seal: loose, client: null, again: true, email: EMAIL, leadsTo: [] }),
    "login-hostile": loginPage({ ...login, client: hostile, email: `"><script>alert(1)</script>${LONG_EMAIL}` }),
    register: registerPage(register),
    "register-faulty": registerPage({
      ...register,
      email: "ada",
      emailFault: "This is not an email address.",
      passwordFault: "This password is among the ones that are tried first. Choose another one.",
    }),
    "register-throttled": registerPage({ ...register, retryAfterSeconds: 1_900 }),
    registered: registeredPage({ tx: null }),
    forgot: forgotPage(forgot),
    "forgot-throttled": forgotPage({ ...forgot, email: EMAIL, retryAfterSeconds: 60 }),
    "forgot-sent": forgotSentPage({ linkSeconds: 900 }),
    reset: resetPage(reset),
    "reset-faulty": resetPage({ ...reset, email: LONG_EMAIL, fault: "Use at least 15 characters." }),
    "reset-done": resetDonePage(),
    "verify-email": verifyEmailPage({ ...verify, asksPassword: false }),
    "verify-email-elsewhere": verifyEmailPage(verify),
    "verify-email-faulty": verifyEmailPage({ ...verify, passwordFault: "This is not the password of the account." }),
    "verify-email-throttled": verifyEmailPage({ ...verify, email: LONG_EMAIL, retryAfterSeconds: 840 }),
    "email-verified": emailVerifiedPage(),
    "dead-link": deadLinkPage({ again: { href: "/forgot", label: "Ask for a new one" } }),
    consent: consentPage(consent),
    "consent-hostile": consentPage({ ...consent, client: hostile, person: LONG_EMAIL }),
    "select-account": selectAccountPage({ seal, action: "/login/select", client, person: EMAIL, leadsTo: [REDIRECT] }),
    "device-code": deviceCodePage({ seal: loose, userCode: "", problem: null }),
    "device-code-unknown": deviceCodePage({ seal: loose, userCode: "WDJB-MJHT", problem: "unknown" }),
    "device-code-throttled": deviceCodePage({ seal: loose, userCode: "", problem: { retryAfterSeconds: 42 } }),
    "device-confirm": deviceConfirmPage({ seal: loose, client: device, userCode: "WDJB-MJHT", person: EMAIL, access }),
    "device-done": deviceDonePage({ approved: true }),
    "device-denied": deviceDonePage({ approved: false }),
    ...accountSamples(loose),
    ...changeEmailSamples(loose),
    logout: logoutPage({ seal: loose, action: "/oauth2/logout", client, person: EMAIL, fields: {}, leadsTo: [] }),
    "logout-stranger": logoutPage({
      seal: loose,
      action: "/oauth2/logout",
      client: null,
      person: EMAIL,
      fields: {},
      leadsTo: [],
    }),
    "logged-out": loggedOutPage(),
    error: errorPage({
      title: "This link cannot be used",
      sentence: "The application that sent you here is not known. Go back to it and tell its operator.",
      requestId: "0f3c0b8e-5a0e-4a4c-9b1e-2f6f6a2b7c11",
      action: { href: "/account", label: "Go to your account" },
    }),
    "form-post": formPostPage({
      redirectUri: received,
      parameters: [
        ["code", "spc_x.y"],
        ["state", `"><script>alert(1)</script>`],
        ["submit", "hides the form's method"],
        ["iss", "https://auth.example.com"],
      ],
      clientName: "Orders Dashboard",
    }),
  };
}
