/**
 * `nodejs_version_info`: the version of Node as labels of a constant 1.
 */
import type { Part, Registrar } from "./registrar.js";

/** Registers the version of Node. */
export function registerVersion(registrar: Registrar): Part {
  const family = registrar.gauge({
    name: "nodejs_version_info",
    help: "Node.js version info.",
    labels: ["version", "major", "minor", "patch"],
  });
  const version = process.version;
  const [major = "", minor = "", patch = ""] = version.slice(1).split(".");
  const info = family.child({ version, major, minor, patch });
  return { instruments: [family], refresh: () => info.set(1) };
}
