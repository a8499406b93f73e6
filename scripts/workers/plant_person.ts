import type { D1Database } from "@cloudflare/workers-types";
import { platformRandom } from "../../src/kernel/random.ts";
import { insertPeople, newDemoPeople, type PersonClient } from "../seed/people.ts";
import type { CodeClient } from "./person_browser.ts";

/** Someone who can sign in, and two clients to sign in to. */
export interface PlantedPerson {
  readonly email: string;
  readonly password: string;
  /** Its redirect URI is a site of its own: what was agreed to once is not asked again. */
  readonly publicClient: CodeClient;
  readonly webClient: CodeClient;
}

const SITE = "https://spa.test/callback";
const SCOPE = "openid orders:read offline_access";

/** Writes the seed's people into `db`, whose migrations are applied. */
export async function plantPerson(db: D1Database): Promise<PlantedPerson> {
  const demo = await newDemoPeople(platformRandom);
  const people = { ...demo, publicClient: { ...demo.publicClient, redirectUris: [SITE] } };
  await db.batch([...insertPeople(db, people, Date.now())]);
  const [user] = people.users;
  if (user === undefined) throw new Error("the seed has no user");
  return {
    email: user.email,
    password: user.password,
    publicClient: codeClient(people.publicClient),
    webClient: codeClient(people.webClient),
  };
}

function codeClient({ id, secret, redirectUris: [redirectUri = ""] }: PersonClient): CodeClient {
  return { id, secret, redirectUri, scope: SCOPE };
}
