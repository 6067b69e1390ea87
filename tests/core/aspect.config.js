/**
 * as-pect's configuration: the specs come by argument; coverage is of the core's sources.
 */
export default {
  include: [],
  disclude: [/node_modules/],
  coverage: ["assembly/**/*.ts"],
  async instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory } }));
  },
  outputBinary: false,
};
