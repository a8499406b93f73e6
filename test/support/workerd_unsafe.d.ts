/** What workerd offers to test runners alone. */
declare module "workerd:unsafe" {
  const unsafe: {
    /** Ends every object and empties its storage; Miniflare keeps D1 and KV in such objects as well. */
    deleteAllDurableObjects(): Promise<void>;
  };
  export default unsafe;
}
