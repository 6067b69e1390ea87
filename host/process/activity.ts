/**
 * `nodejs_active_*`: what keeps the event loop of this thread alive, by type. Handles and requests
 * come from functions that Node keeps but does not document; without them they are left out.
 */
import type { Part, Registrar } from "./registrar.js";
import { Tally } from "./tally.js";

/** What Node has beside its documented interface. */
interface UndocumentedProcess {
  _getActiveHandles?(): readonly unknown[];
  _getActiveRequests?(): readonly unknown[];
}

/** Names and help of one kind of thing, and how to list the types of those that are active. */
interface Activity {
  readonly name: string;
  readonly help: string;
  readonly totalHelp: string;
  list(): readonly string[];
}

/** Registers active resources, handles and requests, each by type and in total. */
export function registerActivity(registrar: Registrar): Part[] {
  return activities().map((activity) => registerOne(registrar, activity));
}

function registerOne(registrar: Registrar, { name, help, totalHelp, list }: Activity): Part {
  const byType = registrar.gauge({ name, help, labels: ["type"] });
  const total = registrar.gauge({ name: `${name}_total`, help: totalHelp });
  const tally = new Tally(byType, "type");
  return {
    instruments: [byType, total],
    refresh() {
      const types = list();
      tally.show(types);
      total.set(types.length);
    },
  };
}

function activities(): Activity[] {
  const { _getActiveHandles: handles, _getActiveRequests: requests } =
    process as UndocumentedProcess;
  const found: Activity[] = [
    {
      name: "nodejs_active_resources",
      help:
        "Number of active resources that are currently keeping the event loop alive, " +
        "grouped by async resource type.",
      totalHelp: "Total number of active resources.",
      list: () => process.getActiveResourcesInfo(),
    },
  ];
  if (handles) {
    found.push({
      name: "nodejs_active_handles",
      help:
        "Number of active libuv handles grouped by handle type. " +
        "Every handle type is C++ class name.",
      totalHelp: "Total number of active handles.",
      list: () => handles.call(process).map(classOf),
    });
  }
  if (requests) {
    found.push({
      name: "nodejs_active_requests",
      help:
        "Number of active libuv requests grouped by request type. " +
        "Every request type is C++ class name.",
      totalHelp: "Total number of active requests.",
      list: () => requests.call(process).map(classOf),
    });
  }
  return found;
}

function classOf(thing: unknown): string {
  const name = (thing as { readonly constructor?: { readonly name?: unknown } } | null)?.constructor
    ?.name;
  return typeof name === "string" && name !== "" ? name : "unknown";
}
