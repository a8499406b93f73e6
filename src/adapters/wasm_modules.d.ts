/** WebAssembly as the bundler hands it over: compiled, not yet instantiated. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
