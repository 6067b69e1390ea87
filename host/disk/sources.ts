/**
 * The sources of disks (PROTOCOLS §6): `disk` by file or block device, `disk_errors` by that and
 * errno, `mount` by directory. Registered before the guest starts; series come as files are opened.
 */
import type { Core } from "../core.js";
import { encodeSource, type FieldOptions, type SourceOptions } from "../definition.js";

/** A registered source: its address, and the offset of each field in a series, in bytes. */
export interface SourcePlan {
  readonly address: number;
  readonly offsets: readonly number[];
}

/** What makes series of disks; crosses to the guest's thread. */
export interface DiskPlan {
  readonly disk: SourcePlan;
  readonly mount: SourcePlan;
  readonly errors: SourcePlan;
}

/** Indexes of the fields of `disk` and `mount`. */
export const Field = {
  ReadBytes: 0,
  WrittenBytes: 1,
  DiscardedBytes: 2,
  Reads: 3,
  Writes: 4,
  Discards: 5,
  Flushes: 6,
  Open: 7,
  ReadDuration: 8,
  WriteDuration: 9,
  FlushDuration: 10,
} as const;

/** Upper bounds of durations in seconds: from the page cache to a disk that spins up. */
export const DURATION_BOUNDS: readonly number[] = [
  1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1,
];

const SAMPLED =
  "of more than 100,000 a second, one in 64 is timed and stands for those that follow";

const FIELDS: readonly FieldOptions[] = [
  { key: "read_bytes", type: "counter", help: "Bytes read." },
  { key: "written_bytes", type: "counter", help: "Bytes written." },
  {
    key: "discarded_bytes",
    type: "counter",
    help: "Bytes given up by truncating, deleting or discarding.",
  },
  { key: "reads", type: "counter", help: "Reads that succeeded." },
  { key: "writes", type: "counter", help: "Writes that succeeded." },
  { key: "discards", type: "counter", help: "Operations that gave up bytes." },
  { key: "flushes", type: "counter", help: "Flushes that succeeded." },
  { key: "open", type: "gauge", help: "Descriptors that are open now." },
  duration("read_duration", `Time of reads; ${SAMPLED}.`),
  duration("write_duration", `Time of writes; ${SAMPLED}.`),
  duration("flush_duration", "Time of flushes."),
];

const DISK: SourceOptions = {
  name: "disk",
  prefix: "wasm_disk",
  help: "Files and block devices of the guest.",
  tags: ["id"],
  fields: FIELDS,
};

const DISK_ERRORS: SourceOptions = {
  name: "disk_errors",
  prefix: "wasm_disk",
  help: "Operations on files, directories and block devices that failed.",
  tags: ["id", "errno"],
  fields: [{ key: "errors", type: "counter", help: "Operations that failed, by errno." }],
};

const MOUNT: SourceOptions = {
  name: "mount",
  prefix: "wasm_mount",
  help: "Directories that the guest was given, each the sum of all files below it.",
  tags: ["id"],
  fields: FIELDS,
};

/** Registers the sources; nothing has a series yet. */
export function registerDiskSources(core: Core): DiskPlan {
  return {
    disk: register(core, DISK),
    mount: register(core, MOUNT),
    errors: register(core, DISK_ERRORS),
  };
}

function register(core: Core, definition: SourceOptions): SourcePlan {
  const address = core.registerSource(encodeSource(definition), definition.name);
  const offsets = definition.fields.map((_, index) => core.fieldOffset(address, index));
  return { address, offsets };
}

function duration(key: string, help: string): FieldOptions {
  return { key, type: "histogram", help, unit: "seconds", bounds: DURATION_BOUNDS };
}
