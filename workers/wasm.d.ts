/** The bundler compiles WebAssembly files to modules. */
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
