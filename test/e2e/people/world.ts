import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { DEMO_AUDIENCE, startOrigin } from "../../../scripts/origin.ts";
import { type DemoSet, newDemoSet } from "../../../scripts/seed/demo.ts";
import { writeDemoSet } from "../../../scripts/seed/write.ts";
import { bundle } from "../../../scripts/workers/bundle.ts";
import { migrate, newSecrets, workerOptions } from "../../../scripts/workers/options.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import { freePorts } from "../free_port.ts";

const ENTRY = fileURLToPath(new URL("../../../src/worker.ts", import.meta.url));

/** The installation of `wrangler.toml` on a port of its own, with the demo's users, clients and origin. */
export interface PeopleWorld {
  /** Issuer and gateway in one, as `npm start` has them. */
  readonly url: string;
  /** The default API's identifier. */
  readonly resource: string;
  readonly demo: DemoSet;
  readonly db: D1;
  /** What the Worker logged so far. */
  log(): string;
  dispose(): Promise<void>;
}

type D1 = Awaited<ReturnType<Miniflare["getD1Database"]>>;

/**
 * Starts the Worker where a browser reaches it: the URL that it is configured with is the one that it listens on. The file `config` stands
 * in for `sallyport.config.ts` where given.
 */
export async function startPeopleWorld(config: string | null = null): Promise<PeopleWorld> {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const origin = await startOrigin({ port: 0, gatewayUrl: url, identityAudience: DEMO_AUDIENCE });
  let logged = "";
  const keep = (chunk: Buffer) => {
    logged += chunk.toString();
  };
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.on("data", keep);
      stderr.on("data", keep);
    },
    workers: [
      workerOptions(await bundle(ENTRY, config), {
        name: "sallyport",
        vars: { ISSUER_URL: url, GATEWAY_URL: url, DEMO_ORIGIN_URL: origin.url },
        secrets: newSecrets(),
        port,
      }),
    ],
  });
  const [db, apiKeys] = [await miniflare.getD1Database("DB"), await miniflare.getKVNamespace("API_KEYS")];
  await migrate(db);
  const demo = await newDemoSet(platformRandom);
  await writeDemoSet({ db, apiKeys }, demo, Date.now());
  return {
    url,
    resource: `${url}/`,
    demo,
    db,
    log: () => logged,
    dispose: async () => {
      await miniflare.dispose();
      await origin.close();
    },
  };
}
