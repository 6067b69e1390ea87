/**
 * Call stacks as the engine shows them: V8's structured ones, where a frame of wasm has the byte
 * offset of its call. Other engines have none, or none of wasm.
 */

/** V8's structured frame. */
export interface CallSite {
  /** In Node 20 a function of wasm is its index, a number. */
  getFunction(): unknown;
  /** Some runtimes hand out copies of V8's frames, without it. */
  getPosition?(): number;
  /** Of wasm one more than the position. */
  getColumnNumber(): number | null;
  getScriptNameOrSourceURL(): string | null | undefined;
}

interface StackSettings {
  stackTraceLimit?: number;
  prepareStackTrace?: unknown;
  captureStackTrace?(target: object): void;
}

/** The structured stack of this moment, innermost first; the user's own settings stay. */
export function captureSites(countMax: number): readonly CallSite[] {
  const settings = Error as unknown as StackSettings;
  const { stackTraceLimit, prepareStackTrace } = settings;
  const holder: { stack?: unknown } = {};
  settings.stackTraceLimit = countMax;
  settings.prepareStackTrace = passSites;
  try {
    settings.captureStackTrace?.(holder);
    // Formatted when it is first read: before the settings are as they were.
    return Array.isArray(holder.stack) ? (holder.stack as CallSite[]) : [];
  } finally {
    settings.prepareStackTrace = prepareStackTrace;
    if (stackTraceLimit === undefined) delete settings.stackTraceLimit;
    else settings.stackTraceLimit = stackTraceLimit;
  }
}

function passSites(_error: unknown, sites: unknown): unknown {
  return sites;
}

export function isWasm(site: CallSite): boolean {
  const found = site.getFunction();
  if (typeof found === "number") return true;
  // Functions of JavaScript in strict mode are not given away either.
  return found === undefined && urlOf(site).startsWith("wasm:");
}

/** Names the module of a frame of wasm. */
export function urlOf(site: CallSite): string {
  return site.getScriptNameOrSourceURL() ?? "";
}

/** The byte offset of the call in its module. */
export function positionOf(site: CallSite): number {
  return site.getPosition?.() ?? (site.getColumnNumber() ?? 0) - 1;
}

/** `(module (import "env" "f" (func)) (func (export "g") (call 0)))` */
const PROBE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 9, 1, 3, 101, 110, 118, 1, 102, 0, 0, 3, 2, 1,
  0, 7, 5, 1, 1, 103, 0, 1, 10, 6, 1, 4, 0, 16, 0, 11,
]);

let isProven: boolean | undefined;

/** Whether this engine shows frames of wasm, found out by calling some. */
export function hasEngineStacks(): boolean {
  isProven ??= prove();
  return isProven;
}

function prove(): boolean {
  let sites: readonly CallSite[] = [];
  const look = () => {
    sites = captureSites(4);
  };
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(PROBE), {
      env: { f: look },
    });
    (exports.g as () => void)();
    // The call is at byte 41.
    return sites.some((site) => isWasm(site) && positionOf(site) === 41);
  } catch {
    // Some runtimes refuse to compile bytes.
    return false;
  }
}
