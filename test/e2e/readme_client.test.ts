import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credentialsOf } from "../../scripts/seed/credentials.ts";
import { startCommand } from "./command.ts";
import { PlainBrowser } from "./people/plain_browser.ts";
import { authorizeByHand } from "./people/sign_in.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

const README = join(import.meta.dirname, "..", "..", "README.md");
const WAIT_MS = 90_000;

let world: PeopleWorld;
/** Where the lines are pasted: all that they may need of a clone is its credentials. */
let directory: string;

beforeAll(async () => {
  world = await startPeopleWorld();
  directory = mkdtempSync(join(tmpdir(), "sallyport-readme-"));
  mkdirSync(join(directory, ".dev"));
  writeFileSync(join(directory, ".dev", "credentials.json"), JSON.stringify(credentialsOf(world.demo, world.url)));
});

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await world?.dispose();
});

function snippet(): string {
  const section = readFileSync(README, "utf8")
    .split(/^## /m)
    .find((part) => part.startsWith("Sign a user in\n"));
  return /^```sh\n([\s\S]*?)^```/m.exec(section ?? "")?.[1] ?? "";
}

/** Pastes the client, signs Ada in where it says, and gives what it printed once it has ended. */
async function signInThroughIt(decision: "allow" | "deny"): Promise<{ code: number | null; output: string }> {
  const running = startCommand("bash", ["-c", snippet()], directory);
  await running.printed("/oauth2/authorize?", WAIT_MS);
  const url = /^http\S+$/m.exec(running.output())?.[0] ?? "";
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  const browser = new PlainBrowser(world.url, "198.51.100.1");
  await fetch(await authorizeByHand(browser, new URL(url), { user, decision }));
  return { code: await running.ended(), output: running.output() };
}

describe("the README's client, as it is pasted", () => {
  test("prints the orders of whoever signed in, and ends", async () => {
    const { code, output } = await signInThroughIt("allow");
    expect(code, output).toBe(0);
    expect(output).toContain("gate hinge");
  });

  test("says so when the person denies", async () => {
    const { code, output } = await signInThroughIt("deny");
    expect(code).not.toBe(0);
    expect(output).toContain("access_denied");
  });
});
