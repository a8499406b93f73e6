import { expect } from "vitest";
import { deviceRoutes } from "../../src/issuer/device_routes.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { DEVICE_CODE_GRANT } from "../../src/protocol/grant_types.ts";
import { type AppWishes, asClient, registerApp } from "./grant_world.ts";
import { type IsolateWishes, openIsolate, type RegisteredClient, type Told } from "./issuer_world.ts";
import { secret } from "./logs.ts";
import { formToken, openPages, type PageBrowser } from "./pages_world.ts";
import type { Parameters } from "./token_requests.ts";

/** A device as its owner sees it. */
export interface TestDevice {
  readonly client: RegisteredClient;
  readonly deviceCode: string;
  readonly userCode: string;
}

/** A client for devices: nothing ever redirects to it. */
export function registerDeviceClient(wishes: AppWishes = {}): Promise<RegisteredClient> {
  const grantTypes = [DEVICE_CODE_GRANT, "refresh_token"] as const;
  return registerApp({ name: "Living-room TV", grantTypes, ...wishes, person: { redirectUris: [], ...wishes.person } });
}

/** The issuer as it is wired, the device pages beside cheap passwords, and devices and browsers to use both. */
export function openDevices(wishes: IsolateWishes = {}) {
  const isolate = openIsolate(wishes);
  const world = openPages();
  const { app, desk, someone, password } = world;
  const { issuer, desks } = isolate.parts;
  deviceRoutes(app, issuer, { pages: desk, authorization: desks.authorization });
  const ask = async (client: Pick<RegisteredClient, "id" | "secret">, form: Parameters = {}): Promise<Told> => {
    const told = await asClient(isolate, client, form, "/oauth2/device_authorization");
    for (const name of ["device_code", "user_code"]) {
      const value = told.json[name];
      if (typeof value === "string") secret(value);
    }
    return told;
  };
  const signedIn = async (user?: UserRecord): Promise<PageBrowser> => {
    const { email } = user ?? (await someone());
    const tab = world.browser();
    const told = await tab.signIn(email, password);
    if (told.status !== 303) throw new Error(`no session: ${told.status}`);
    return tab;
  };
  return {
    ...world,
    isolate,
    ask,
    signedIn,
    /** A device that waits. */
    async device(client: RegisteredClient, form: Parameters = { scope: "openid orders:read" }): Promise<TestDevice> {
      const { status, text, json } = await ask(client, form);
      if (status !== 200) throw new Error(`no device code: ${status} ${text}`);
      return { client, deviceCode: String(json.device_code), userCode: String(json.user_code) };
    },
    /** Polls, as the device's own client or as another one. */
    poll({ client, deviceCode }: TestDevice, as: RegisteredClient = client, form: Parameters = {}): Promise<Told> {
      return asClient(isolate, as, { grant_type: DEVICE_CODE_GRANT, device_code: deviceCode, ...form });
    },
  };
}

/** Types a code into the page, and returns what comes. */
export function typeCode(tab: PageBrowser, userCode: string): Promise<Told> {
  return tab.submit("/device", "/device", { user_code: userCode });
}

/** From the code to the decision: looks, and presses a button. */
export async function decide(tab: PageBrowser, { userCode }: TestDevice, decision: string): Promise<Told> {
  const asked = await typeCode(tab, userCode);
  expect(asked.status, "the page that asks").toBe(200);
  return tab.post("/device/confirm", { form_token: formToken(asked.text), user_code: userCode, decision });
}
