import { argon2Sync, randomBytes } from "node:crypto";
import { formatPhc } from "../../src/protocol/phc_string.ts";
import { Connection } from "../workers/connection.ts";
import { PersonBrowser } from "../workers/person_browser.ts";
import { type Installation, URL_OF_ISSUER } from "./installation.ts";

/** How many of each kind are asked about: fewer than people are planted, for each is asked about once. */
const SAMPLES = 60;
const QUANTILES = [0.2, 0.5, 0.8] as const;
/** Of two columns that do the same work. A hash that one of them leaves out puts them 60 % apart and more. */
const ALIKE = 0.25;

const HOST = new URL(URL_OF_ISSUER).host;
const WRONG = "not the password of anyone";

/** A cost from before it was raised. */
const OLDER = { memoryKiB: 19_456, passes: 1 };

/** What takes an address, and the two kinds of address that it must not tell apart. */
interface Way {
  readonly name: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Which people are asked about. */
  readonly from: number;
}

const WAYS: readonly Way[] = [
  { name: "/login", path: "/login", fields: { password: WRONG }, from: 0 },
  { name: "older hash", path: "/login", fields: { password: WRONG }, from: SAMPLES },
  { name: "/forgot", path: "/forgot", fields: {}, from: 0 },
  { name: "/register", path: "/register", fields: { password: "four plain words of mine" }, from: 0 },
];

type Columns = readonly [known: readonly number[], unknown: readonly number[]];

/**
 * `npm run bench -- enumeration`: how long answers take about addresses with an account and without, for a person to read (V6.3.8). That both
 * do the same work is proven by `test/flows/enumeration.test.ts`; what is said of it here depends on the machine.
 */
export async function reportEnumeration(installation: Installation): Promise<void> {
  await makeHashesOlder(installation, installation.people.emails.slice(SAMPLES));
  console.log(
    `\n${SAMPLES} addresses with an account and ${SAMPLES} without, in turn; ms at quantiles ${QUANTILES.join(", ")}`,
  );
  console.log(`${"".padEnd(12)}${"known".padStart(24)}${"unknown".padStart(24)}   medians`);
  for (const way of WAYS) {
    const [known, unknown] = await columns(installation, way);
    const apart = distance(quantile(known, 0.5), quantile(unknown, 0.5));
    const verdict = apart <= ALIKE ? "alike" : "apart: run it once more where it is quiet, then look why";
    console.log(`${way.name.padEnd(12)}${row(known)}${row(unknown)}   ${(apart * 100).toFixed(1)} % apart: ${verdict}`);
  }
}

/** Gives people a hash as if they had not signed in since the cost was raised. */
async function makeHashesOlder({ sallyport, people }: Installation, emails: readonly string[]): Promise<void> {
  const [salt, { memoryKiB: memory, passes }] = [new Uint8Array(randomBytes(32)), OLDER];
  const made = { message: people.password, nonce: salt, parallelism: 1, tagLength: 32, memory, passes };
  const hash = formatPhc({ ...OLDER, salt, tag: new Uint8Array(argon2Sync("argon2id", made)) });
  const db = await sallyport.database();
  const update = db.prepare("UPDATE users SET password_hash = ?, version = version + 1 WHERE email = ?");
  await db.batch(emails.map((email) => update.bind(hash, email)));
}

/** Both kinds in turns, so that a slow second of the machine is in both columns. */
async function columns(installation: Installation, { name, path, fields, from }: Way): Promise<Columns> {
  const known: number[] = [];
  const unknown: number[] = [];
  for (let at = 0; at < SAMPLES; at++) {
    const pair = [
      { column: known, email: installation.people.emails[from + at] ?? "" },
      { column: unknown, email: `nobody${at}.${name.replaceAll(/[^a-z]/g, "")}@example.com` },
    ];
    // Whoever comes first in a pair may pay for something that the second one finds warm.
    for (const { column, email } of at % 2 === 0 ? pair : pair.toReversed()) {
      column.push(await timed(installation, path, { ...fields, email }));
    }
  }
  return [known, unknown];
}

/** Milliseconds from sending the form to its whole answer; the page before it is not part of it. */
async function timed(
  { sallyport }: Installation,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<number> {
  const connection = new Connection(new URL(sallyport.url), HOST);
  try {
    const form = await new PersonBrowser(connection, URL_OF_ISSUER).formOn(path, path, fields);
    const startMs = performance.now();
    const { status } = await connection.send({ ...form, headers: { ...form.headers, ...newAddress() } });
    const ms = performance.now() - startMs;
    if (status !== 303 && status !== 401) throw new Error(`${path}: ${status}`);
    return ms;
  } finally {
    connection.close();
  }
}

let addresses = 0;

/** An address of its own: what is measured is not the budget of an address. */
function newAddress(): Readonly<Record<string, string>> {
  addresses += 1;
  return { "cf-connecting-ip": `2001:db8:${addresses.toString(16)}::1` };
}

function row(column: readonly number[]): string {
  return QUANTILES.map((part) => quantile(column, part).toFixed(1).padStart(8)).join("");
}

/** The value that `part` of the others lie below. */
function quantile(values: readonly number[], part: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * part)] ?? Number.NaN;
}

/** How far apart two values are, as a part of the larger. */
function distance(left: number, right: number): number {
  return Math.abs(left - right) / Math.max(left, right);
}
