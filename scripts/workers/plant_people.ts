import type { D1Database } from "@cloudflare/workers-types";
import { platformRandom } from "../../src/kernel/random.ts";
import { newUserId, type UserId } from "../../src/protocol/ids.ts";
import { insertPeople, newDemoPeople, type PersonClient } from "../seed/people.ts";
import type { CodeClient } from "./person_browser.ts";

/** People who can sign in, all with one password, and two clients to sign in to. */
export interface PlantedPeople {
  readonly ids: readonly UserId[];
  readonly emails: readonly string[];
  readonly password: string;
  /** Its redirect URI is a site of its own: what was agreed to once is not asked again. */
  readonly publicClient: CodeClient;
  readonly webClient: CodeClient;
}

const SITE = "https://spa.test/callback";
const SCOPE = "openid orders:read offline_access";

/** Writes `count` people like the seed's first into `db`, whose migrations are applied, and the seed's clients. */
export async function plantPeople(db: D1Database, count: number): Promise<PlantedPeople> {
  const demo = await newDemoPeople(platformRandom);
  const [first] = demo.users;
  if (first === undefined) throw new Error("the seed has no user");
  // One hash for all: it takes long to make, and nothing here turns on its salt.
  const users = Array.from({ length: count }, (_, at) => {
    return { ...first, id: newUserId(platformRandom), email: `person${at}@example.com` };
  });
  const people = { ...demo, users, publicClient: { ...demo.publicClient, redirectUris: [SITE] } };
  await db.batch([...insertPeople(db, people, Date.now())]);
  return {
    ids: users.map(({ id }) => id),
    emails: users.map(({ email }) => email),
    password: first.password,
    publicClient: codeClient(people.publicClient),
    webClient: codeClient(people.webClient),
  };
}

function codeClient({ id, secret, redirectUris: [redirectUri = ""] }: PersonClient): CodeClient {
  return { id, secret, redirectUri, scope: SCOPE };
}
