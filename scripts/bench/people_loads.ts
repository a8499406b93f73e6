import { randomUUID } from "node:crypto";
import { Connection } from "../workers/connection.ts";
import { type CodeClient, PersonBrowser } from "../workers/person_browser.ts";
import { type Installation, type RunningWorker, URL_OF_ISSUER } from "./installation.ts";
import { CONNECTIONS, type Load, runTokenJob } from "./load.ts";
import type { Script } from "./token_load.ts";

/**
 * What people's clients do, as loads. Sallyport is given what it issued itself, on the way that anybody goes; a control is
 * given as much of its own, in forms of the same length.
 */
const HOST = new URL(URL_OF_ISSUER).host;
/** How many codes one connection redeems in one run: less than may wait for one client of a user. */
const CODES = 40;
/** As many at once as the queue of hashes takes. */
const SIGN_INS = 8;

const TOKEN = { host: HOST, path: "/oauth2/token", status: 200 };

/** Someone signed in, and the client that they use. */
export interface BenchPerson {
  readonly email: string;
  readonly browser: PersonBrowser;
}

/** The client: no ID token is asked for, whose RSA signature would be most of the work. */
export function benchClient({ people }: Pick<Installation, "people">): CodeClient {
  return { ...people.webClient, scope: "orders:read offline_access" };
}

/** Signs everybody in. */
export async function signEverybodyIn({ sallyport, people }: Installation): Promise<readonly BenchPerson[]> {
  const signedIn: BenchPerson[] = [];
  for (const email of people.emails) {
    const browser = new PersonBrowser(new Connection(new URL(sallyport.url), HOST), URL_OF_ISSUER);
    await browser.signIn(email, people.password);
    signedIn.push({ email, browser });
  }
  return signedIn;
}

/** Each connection refreshes a family of its own; every run goes on where the one before ended. */
export function refreshes({ url }: RunningWorker, client: CodeClient, families: readonly string[]): Load {
  let tokens = families;
  return {
    ready: async () => {},
    run: async (seconds) => {
      const body = form(client, { grant_type: "refresh_token" });
      const scripts = tokens.map((token): Script => ({ kind: "chained", body, token }));
      const measured = await runTokenJob({ ...TOKEN, url, seconds, scripts });
      tokens = measured.tokens;
      return measured;
    },
  };
}

/** Each connection redeems codes of one user, as many as `ready` was given by `issue`. */
export function redemptions({ url }: RunningWorker, issue: () => Promise<readonly (readonly string[])[]>): Load {
  let bodies: readonly (readonly string[])[] = [];
  return {
    ready: async () => {
      bodies = await issue();
    },
    run: () => {
      const scripts = bodies.map((own): Script => ({ kind: "once", bodies: own }));
      return runTokenJob({ ...TOKEN, url, seconds: Number.MAX_SAFE_INTEGER, scripts });
    },
  };
}

/** Redemptions of codes that the authorization endpoint issues to `people` now. */
export function issueCodes(
  people: readonly BenchPerson[],
  client: CodeClient,
): Promise<readonly (readonly string[])[]> {
  return Promise.all(
    people.map(async ({ browser }) => {
      const bodies: string[] = [];
      for (let at = 0; at < CODES; at++) {
        const { code, verifier } = await browser.codeFor(client);
        bodies.push(redemption(client, code, verifier));
      }
      return bodies;
    }),
  );
}

/** The same for a control, which takes any code. */
export async function inventCodes(count: number, client: CodeClient): Promise<readonly (readonly string[])[]> {
  return Array.from({ length: count }, (_, at) =>
    Array.from({ length: CODES }, () => redemption(client, inventedToken(at), randomUUID().padEnd(43, "x"))),
  );
}

/** A refresh token of a control for each connection. */
export function inventedFamilies(): readonly string[] {
  return Array.from({ length: CONNECTIONS }, (_, at) => inventedToken(at));
}

/** A refresh token or code of a control: its object's name, and something random. */
function inventedToken(at: number): string {
  return `object${at}`.padEnd(85, "x").concat(".", randomUUID()).padEnd(129, "x");
}

/** Redeems one code per person; the refresh tokens that come of it. */
export async function beginFamilies(
  { sallyport }: Installation,
  people: readonly BenchPerson[],
  client: CodeClient,
): Promise<readonly string[]> {
  const connection = new Connection(new URL(sallyport.url), HOST);
  const tokens: string[] = [];
  for (const { browser } of people) {
    const { code, verifier } = await browser.codeFor(client);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = redemption(client, code, verifier);
    const { status, text } = await connection.send({ method: "POST", path: TOKEN.path, headers, body });
    if (status !== 200) throw new Error(`redeeming a code: ${status}`);
    tokens.push(JSON.parse(text).refresh_token);
  }
  connection.close();
  return tokens;
}

/** Different people sign in by password, each over and over, at `worker`. */
export function signIns({ url }: RunningWorker, { sallyport, people }: Installation): Load {
  let scripts: readonly Script[] = [];
  return {
    ready: async () => {
      scripts = await Promise.all(
        people.emails.slice(0, SIGN_INS).map(async (email): Promise<Script> => {
          const browser = new PersonBrowser(new Connection(new URL(sallyport.url), HOST), URL_OF_ISSUER);
          const { headers, body } = await browser.signInForm(email, people.password);
          return { kind: "again", headers, body };
        }),
      );
    },
    run: (seconds) => runTokenJob({ host: HOST, path: "/login", status: 303, url, seconds, scripts }),
  };
}

function redemption(client: CodeClient, code: string, verifier: string): string {
  const { redirectUri } = client;
  return form(client, { grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: redirectUri });
}

function form({ id, secret }: CodeClient, fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams({ ...fields, client_id: id, client_secret: secret ?? "" }).toString();
}
