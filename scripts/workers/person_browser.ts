import { createHash, randomBytes } from "node:crypto";
import type { Answer, Call, Connection } from "./connection.ts";

/** A client that people sign in to. */
export interface CodeClient {
  readonly id: string;
  /** Null for a public client. */
  readonly secret: string | null;
  readonly redirectUri: string;
  readonly scope: string;
}

/** An authorization code, with the verifier of its challenge (RFC 7636). */
export interface IssuedCode {
  readonly code: string;
  readonly verifier: string;
}

/** What came of asking for a code: the code itself, or the consent page's form that agrees, not sent yet. */
export interface AskedCode {
  readonly code: string | null;
  readonly consent: FormCall | null;
  readonly verifier: string;
}

/** A form that is posted. */
export type FormCall = Call & Required<Pick<Call, "headers" | "body">>;

const FORM = { "content-type": "application/x-www-form-urlencoded" };
/** Authorize, consent page, consent, code: no way through the pages is longer. */
const MOST_STEPS = 5;

/** A person's browser at the issuer: keeps cookies, sends the issuer's own forms, follows its redirects. */
export class PersonBrowser {
  readonly #connection: Connection;
  readonly #origin: string;
  readonly #jar = new Map<string, string>();

  /** `origin` is the issuer's own, which the forms of its pages are sent from. */
  constructor(connection: Connection, origin: string) {
    this.#connection = connection;
    this.#origin = origin;
  }

  /** Signs in on the login page. Throws where that fails. */
  async signIn(email: string, password: string): Promise<void> {
    const { status } = await this.send(await this.signInForm(email, password));
    if (status !== 303) throw new Error(`signing in: ${status}`);
  }

  /** The form that signs in, as the login page would send it. */
  signInForm(email: string, password: string): Promise<FormCall> {
    return this.formOn("/login", "/login", { email, password });
  }

  /** The form that the page at `path` sends to `action`, filled in with `fields`. */
  async formOn(path: string, action: string, fields: Readonly<Record<string, string>>): Promise<FormCall> {
    return this.#form(action, { ...hiddenFields((await this.get(path)).text), ...fields });
  }

  /** Sends a form, and keeps the cookies that come back. */
  async send(form: FormCall): Promise<Answer> {
    return this.#keep(await this.#connection.send(form));
  }

  /** Whether the session that the browser holds still opens the person's own page. */
  async isSignedIn(): Promise<boolean> {
    return (await this.get("/account")).status === 200;
  }

  /** Gets a code for `client`; agrees where the consent page asks. Throws where no code comes of it. */
  async codeFor(client: CodeClient): Promise<IssuedCode> {
    const { code, consent, verifier } = await this.askFor(client);
    const given = consent === null ? code : codeIn(await this.send(consent), client);
    if (given === null) throw new Error("no code came of it");
    return { code: given, verifier };
  }

  /** Asks for a code for `client`, up to the consent page where there is one. Throws where neither comes. */
  async askFor(client: CodeClient): Promise<AskedCode> {
    const verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
      response_type: "code",
      client_id: client.id,
      redirect_uri: client.redirectUri,
      scope: client.scope,
      state: randomBytes(8).toString("base64url"),
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    let answer = await this.get(`/oauth2/authorize?${query}`);
    for (let step = 0; step < MOST_STEPS; step++) {
      const code = codeIn(answer, client);
      if (code !== null) return { code, consent: null, verifier };
      const { location } = answer.headers;
      if (location === undefined) {
        const consent = this.#form("/consent", { ...hiddenFields(answer.text), decision: "allow" });
        return { code: null, consent, verifier };
      }
      answer = await this.get(location);
    }
    throw new Error(`no code: ${answer.status}`);
  }

  /** Lets the device in that shows `userCode`. Throws where that fails. */
  async allowDevice(userCode: string): Promise<void> {
    const form = await this.deviceForm(userCode);
    const answer = form === null ? null : await this.send(form);
    if (answer?.headers.location !== "/device/connected") throw new Error(`letting a device in: ${answer?.status}`);
  }

  /** The form that lets the device in that shows `userCode`, not sent yet; null where that code waits for nobody. */
  async deviceForm(userCode: string): Promise<FormCall | null> {
    const entered = await this.send(await this.formOn("/device", "/device", { user_code: userCode }));
    if (entered.status !== 200) return null;
    return this.#form("/device/confirm", { ...hiddenFields(entered.text), user_code: userCode, decision: "allow" });
  }

  /** The cookie called `name`, or null. */
  cookie(name: string): string | null {
    return this.#jar.get(name) ?? null;
  }

  async get(path: string): Promise<Answer> {
    return this.#keep(await this.#connection.send({ method: "GET", path, headers: this.#cookies() }));
  }

  #form(path: string, fields: Readonly<Record<string, string>>): FormCall {
    const headers = { ...FORM, ...this.#cookies(), origin: this.#origin };
    return { method: "POST", path, headers, body: new URLSearchParams(fields).toString() };
  }

  #cookies(): Readonly<Record<string, string>> {
    return this.#jar.size === 0 ? {} : { cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ") };
  }

  #keep(answer: Answer): Answer {
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [pair = "", ...attributes] = line.split("; ");
      const at = pair.indexOf("=");
      if (attributes.includes("Max-Age=0")) this.#jar.delete(pair.slice(0, at));
      else this.#jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }
}

/** The code with which `answer` leads back to `client`; null where it leads elsewhere. Throws where it brings an error. */
export function codeIn({ headers: { location } }: Answer, { redirectUri }: CodeClient): string | null {
  if (location === undefined || !location.startsWith(redirectUri)) return null;
  const { searchParams } = new URL(location);
  const code = searchParams.get("code");
  if (code === null) throw new Error(`no code: ${searchParams.get("error")}`);
  return code;
}

/** The hidden fields of the first form of a page that has them: its token, and its transaction where there is one. */
function hiddenFields(html: string): Readonly<Record<string, string>> {
  const fields = ["form_token", "tx"].flatMap((name) => {
    const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(fields);
}
