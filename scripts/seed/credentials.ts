import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { devFiles } from "../dev/settings.ts";
import type { DemoSet } from "./demo.ts";
import type { DemoPeople, PersonClient } from "./people.ts";

/** A client's identifier and secret. */
export interface ClientCredentials {
  readonly client_id: string;
  readonly client_secret: string;
}

/** A client through which people act. */
export interface PersonClientCredentials {
  readonly client_id: string;
  readonly redirect_uris: readonly string[];
}

/** What a clone has of people: what one that was seeded before they existed lacks. */
type PeopleCredentials = Pick<Credentials, "public_client" | "web_client" | "first_party_client" | "users">;

/** `.dev/credentials.json`: the only place where the seeded secrets can be read. */
export interface Credentials {
  readonly issuer: string;
  readonly gateway: string;
  readonly admin: ClientCredentials;
  readonly machine: ClientCredentials & { readonly scope: string };
  readonly public_client: PersonClientCredentials;
  readonly web_client: PersonClientCredentials & { readonly client_secret: string };
  readonly first_party_client: PersonClientCredentials;
  readonly users: readonly { readonly email: string; readonly password: string; readonly roles: readonly string[] }[];
  readonly api_keys: { readonly live: string; readonly test: string; readonly publishable: string };
}

/** The credentials of `set`, for an issuer and a gateway at `url`. */
export function credentialsOf(set: DemoSet, url: string): Credentials {
  return {
    issuer: url,
    gateway: url,
    admin: { client_id: set.admin.id, client_secret: set.admin.secret },
    machine: {
      client_id: set.machine.id,
      client_secret: set.machine.secret,
      scope: set.machine.scopes.join(" "),
    },
    ...peopleCredentialsOf(set),
    api_keys: { live: set.live.key, test: set.test.key, publishable: set.publishable.key },
  };
}

/** The part of the credentials that is about people. */
export function peopleCredentialsOf({
  publicClient,
  webClient,
  firstPartyClient,
  users,
}: DemoPeople): PeopleCredentials {
  const client = ({ id, redirectUris }: PersonClient) => ({ client_id: id, redirect_uris: redirectUris });
  return {
    public_client: client(publicClient),
    web_client: { ...client(webClient), client_secret: webClient.secret ?? "" },
    first_party_client: client(firstPartyClient),
    users: users.map(({ email, password, roles }) => ({ email, password, roles })),
  };
}

/** Whether the clone was seeded before there were people. */
export function lacksPeople(credentials: Partial<Credentials>): boolean {
  return credentials.public_client === undefined;
}

function looksComplete(value: Partial<Credentials> | null): value is Credentials {
  const clients = [value?.admin, value?.machine];
  const keys = [value?.api_keys?.live, value?.api_keys?.test, value?.api_keys?.publishable];
  return (
    clients.every((one) => typeof one?.client_id === "string" && typeof one.client_secret === "string") &&
    keys.every((one) => typeof one === "string")
  );
}

/** The credentials of the clone, or null when it has none yet. Throws on a file that cannot be used. */
export function readCredentials(root: string): Credentials | null {
  const path = devFiles.credentials(root);
  if (!existsSync(path)) return null;
  let value: Partial<Credentials> | null = null;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // Told below, together with a file of another shape.
  }
  if (looksComplete(value)) return value;
  throw new Error(".dev/credentials.json cannot be read as credentials. Run `npm run reset` to start afresh.");
}

/**
 * Writes `credentials` with mode 0600 into a directory of mode 0700. `commit` runs when the bytes are on disk but the
 * file has not its name yet: when it throws, the file does not come to be.
 */
export async function writeCredentials(
  root: string,
  credentials: Credentials,
  commit: () => Promise<void>,
): Promise<void> {
  const directory = devFiles.directory(root);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const path = devFiles.credentials(root);
  writeFileSync(`${path}.new`, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await commit();
  renameSync(`${path}.new`, path);
}
