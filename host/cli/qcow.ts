/**
 * The options of `wmon qcow`, read into values. What each command does is in the files beside.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { escapeControl } from "../logs/escape.js";
import { parseByteSize } from "./byte-size.js";
import { say } from "./stderr.js";

/** No such file, no image, in use, a wrong option: whatever kept a command from its work. */
const EXIT_FAILED = 1;

const QCOW_HELP = `
Examples:
  wmon qcow create disk.qcow2 10G
  wmon run --block disk=disk.qcow2 app.wasm
  wmon qcow check disk.qcow2
  wmon qcow compact disk.qcow2

Images are qcow2, versions 2 and 3, as qemu makes and reads them.

Exit code: 0; 1 when it could not be done; check: 2 corrupt, 3 leaks.
`;

const CREATE_HELP = `
Examples:
  wmon qcow create disk.qcow2 10G
  wmon qcow create disk.qcow2 1.5T --cluster-size 2M --lazy-refcounts
  wmon qcow create --backing base.qcow2 overlay.qcow2

Sizes: bytes, or with a suffix k, M, G, T, P, E (powers of 1024): 512, 64k, 1.5G. A disk has whole
sectors of 512 bytes; without a size it is as large as its backing file.

A backing file is named as seen from the image's folder. It is never written; do not change it
while an image needs it.

Exit code: 0; 1 when nothing was made.
`;

const INFO_HELP = `
Examples:
  wmon qcow info disk.qcow2
  wmon qcow info --json disk.qcow2 | jq '."virtual-size"'

Works while the image is in use. --json has the keys of qemu-img info.

Exit code: 0; 1 when it cannot be read.
`;

const CHECK_HELP = `
Examples:
  wmon qcow check disk.qcow2
  wmon qcow check --json disk.qcow2 | jq .counts
  wmon qcow check -q disk.qcow2 || echo "look at disk.qcow2"

Finds:
  refcount-too-low    a cluster in use that may be given away: data will be lost
  overlap             a cluster with two uses that exclude each other
  past-end            a table or data that should lie behind the file's end
  misaligned          an offset that begins no cluster
  reserved-bits       bits set that have no meaning
  copied-flag         a cluster that would be written in place though shared, or the reverse
  zero-in-version-2   a flag that the version does not have
  corrupt-bit         an earlier writer found the image corrupt
  snapshot, bitmap    an entry of those tables that makes no sense
  leak                a cluster that nothing uses but counts as used: only space is lost

Writes nothing. Leaks come from a writer that was killed; the next one that opens the image, or
wmon qcow compact, takes the space back. qemu-img check -r all repairs corruption where it can.

Exit code: 0 clean; 1 could not be checked; 2 corrupt; 3 leaks (as qemu-img check).
`;

const COMPACT_HELP = `
Examples:
  wmon qcow compact disk.qcow2

Moves clusters from the file's end to free ones before it, and cuts the file. It may be
interrupted at any time, by ^C or a loss of power: the image stays whole, and the next run goes
on. An image that is in use is refused; wmon run --block disk=disk.qcow2,compact does it live.

Exit code: 0; 1 when it could not be done; 130 after ^C.
`;

const MAP_HELP = `
Examples:
  wmon qcow map disk.qcow2
  wmon qcow map --json disk.qcow2 | jq 'map(select(.data) | .length) | add'

Kinds: data; zero (reads as zeros); compressed; none (no file of the chain has it, reads as
zeros). Depth 0 is the image, 1 its backing file, and so on. Works while the image is in use.
--json has the keys of qemu-img map.

Exit code: 0; 1 when it cannot be read.
`;

/** Options of `wmon qcow create` as commander hands them over. */
export interface CreateOptions {
  readonly clusterSize: number;
  readonly compat: "1.1" | "0.10" | "v3" | "v2";
  readonly backing?: string;
  readonly backingFormat?: "raw" | "qcow2";
  readonly lazyRefcounts?: boolean;
  readonly force?: boolean;
}

export interface CheckCommandOptions {
  readonly json?: boolean;
  readonly limit: number;
  readonly quiet?: boolean;
  readonly forceShare?: boolean;
}

/** Adds the commands. */
export function addQcowCommand(program: Command): void {
  const qcow = program
    .command("qcow")
    .description("Make, look at, check and compact disk images of guests (qcow2).")
    .addHelpText("after", QCOW_HELP)
    // An exit code of 2 is a corrupt image.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_FAILED));
  addCreate(qcow);
  addInfo(qcow);
  addCheck(qcow);
  addCompact(qcow);
  addMap(qcow);
}

function addCreate(qcow: Command): void {
  const clusterSize = new Option("--cluster-size <size>", "512 to 2M, a power of two");
  const compat = new Option("--compat <version>", "1.1 or v3; 0.10 or v2 for old readers");
  const format = new Option("--backing-format <format>", "of the backing file; else looked at");
  qcow
    .command("create")
    .usage("[options] <file> [size]")
    .description("Make an empty image.")
    .argument("<file>", "the image")
    .argument("[size]", "of the disk, such as 10G", parseSize)
    .addOption(clusterSize.argParser(parseClusterSize).default(65_536, "64k"))
    .addOption(compat.choices(["1.1", "0.10", "v3", "v2"]).default("1.1"))
    .option("--backing <file>", "what is read where the image has nothing")
    .addOption(format.choices(["raw", "qcow2"]))
    .option("--lazy-refcounts", "write refcounts late: faster, and mended after a crash")
    .option("--force", "replace a file that exists")
    .addHelpText("after", CREATE_HELP)
    .action(async (file: string, size: bigint | undefined, options: CreateOptions) => {
      const { createDisk } = await import("./qcow-create.js");
      await leave(() => createDisk(file, size, options));
    });
}

function addInfo(qcow: Command): void {
  qcow
    .command("info")
    .description("Say what an image is.")
    .argument("<file>", "the image")
    .option("--json", "as JSON")
    .addHelpText("after", INFO_HELP)
    .action(async (file: string, options: { json?: boolean }) => {
      const { showInfo } = await import("./qcow-info.js");
      await leave(() => showInfo(file, options));
    });
}

function addCheck(qcow: Command): void {
  qcow
    .command("check")
    .description("Say whether an image is whole.")
    .argument("<file>", "the image")
    .option("--json", "as JSON")
    .option("--limit <count>", "findings of each kind to show", parseCount, 20)
    .option("-q, --quiet", "only the exit code")
    .option("-U, --force-share", "even while it is in use: findings may be passing states")
    .addHelpText("after", CHECK_HELP)
    .action(async (file: string, options: CheckCommandOptions) => {
      const { checkFile } = await import("./qcow-check.js");
      await leave(() => checkFile(file, options));
    });
}

function addCompact(qcow: Command): void {
  qcow
    .command("compact")
    .description("Give back to the file system what a guest has discarded.")
    .argument("<file>", "the image")
    .addHelpText("after", COMPACT_HELP)
    .action(async (file: string) => {
      const { compactFile } = await import("./qcow-compact.js");
      await leave(() => compactFile(file));
    });
}

function addMap(qcow: Command): void {
  qcow
    .command("map")
    .description("Say where each part of an image's disk is read from.")
    .argument("<file>", "the image")
    .option("--json", "as JSON")
    .addHelpText("after", MAP_HELP)
    .action(async (file: string, options: { json?: boolean }) => {
      const { showMap } = await import("./qcow-map.js");
      await leave(() => showMap(file, options));
    });
}

/** Exits with the code that `work` resolves with. */
async function leave(work: () => Promise<number>): Promise<never> {
  try {
    process.exit(await work());
  } catch (error) {
    // Whoever read the output has seen enough.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
    // Names of files are anybody's, and may have lines.
    say(escapeControl((error as Error).message));
    process.exit(EXIT_FAILED);
  }
}

function parseSize(text: string): bigint {
  const byteCount = parseByteSize(text);
  if (byteCount === undefined)
    throw new InvalidArgumentError("wanted is a size below 8E: 4096, 512k, 1.5G, 10T.");
  return byteCount;
}

function parseClusterSize(text: string): number {
  const byteCount = Number(parseByteSize(text) ?? 0);
  const bits = Math.log2(byteCount);
  if (!Number.isInteger(bits) || bits < 9 || bits > 21)
    throw new InvalidArgumentError("wanted is a power of two from 512 to 2M: 4k, 64k.");
  return byteCount;
}

function parseCount(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError("wanted is a number from 0.");
  return Number(text);
}
