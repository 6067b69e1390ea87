/**
 * A program to watch: reads the files that its user names, again and again, counts what is in
 * them, and reports through the guest library. Endless unless `--rounds` is given.
 * Exit codes: 0 done, 1 a path cannot be read, 2 the command line is wrong.
 */
import { Level } from "../../assembly/guest";
import {
  chunkAddress,
  close,
  ENOTCAPABLE,
  errnoText,
  Kind,
  lastErrno,
  Place,
  readChunk,
} from "./file";
import * as watch from "./instruments";
import { Options, parseOptions, USAGE } from "./options";
import { fail, monotonicNs, parseArguments, print, sleep } from "./system";
import { Tally } from "./tally";

/** Directories within directories that are followed. */
const DEPTH_MAX = 32;

main();

function main(): void {
  const options = parseOptions(parseArguments());
  if (options.isHelp) {
    print(USAGE);
    return;
  }
  if (options.mistake.length > 0) fail(2, `${options.mistake}\n${USAGE}`);
  checkPaths(options.paths);
  watch.roundLog.app(`counting ${options.paths.join(" ")}`);
  run(options);
}

/** Ends the program unless every path can be reached. */
function checkPaths(paths: string[]): void {
  for (let i = 0; i < paths.length; i++) {
    const place = Place.find(paths[i]);
    if (place === null) fail(1, `${paths[i]}: ${errnoText(ENOTCAPABLE)}`);
    else if (place.kind() === Kind.Missing) fail(1, `${paths[i]}: ${errnoText(lastErrno)}`);
  }
}

function run(options: Options): void {
  let tally = countRound(options.paths);
  for (let round: u32 = 1; round !== options.rounds; round++) {
    sleep(options.pauseMs);
    tally = countRound(options.paths);
  }
  print(summary(tally));
}

function countRound(paths: string[]): Tally {
  const begin = monotonicNs();
  const tally = new Tally();
  for (let i = 0; i < paths.length; i++) visit(paths[i], tally, 0);
  reportRound(tally, monotonicNs() - begin);
  return tally;
}

function reportRound(tally: Tally, roundNs: u64): void {
  watch.rounds.inc();
  watch.lines.set(tally.lines);
  watch.words.set(tally.words);
  watch.distinctWords.set(<f64>tally.distinct);
  watch.roundNs.set(<f64>roundNs);
  watch.checksum.set(hex(tally.checksum));
  if (tally.uncounted > 0) {
    watch.roundLog.warning(`${tally.uncounted} words beyond the distinct ones that are kept`);
  }
  if (watch.roundLog.passes(Level.Info)) {
    watch.roundLog.info(`${summary(tally)} in ${roundNs / 1000000} ms`);
  }
}

/** Counts a file, or everything in a directory. A path that has vanished is logged and counted. */
function visit(path: string, tally: Tally, depth: i32): void {
  const place = Place.find(path);
  const kind = place === null ? Kind.Missing : place.kind();
  if (place === null) fileFailed(path, ENOTCAPABLE);
  else if (kind === Kind.Missing) fileFailed(path, lastErrno);
  else if (kind === Kind.File) countFile(place, tally);
  else if (kind === Kind.Directory && depth < DEPTH_MAX) visitDirectory(place, tally, depth);
  else watch.fileLog.warning(`${path}: skipped`);
}

function visitDirectory(place: Place, tally: Tally, depth: i32): void {
  const names = place.names();
  if (lastErrno !== 0) fileFailed(place.path, lastErrno);
  for (let i = 0; i < names.length; i++) visit(`${place.path}/${names[i]}`, tally, depth + 1);
}

function countFile(place: Place, tally: Tally): void {
  const begin = monotonicNs();
  const bytesBefore = tally.bytes;
  watch.currentFile.set(place.path);
  const errno = readAll(place, tally);
  if (errno !== 0) {
    fileFailed(place.path, errno);
    return;
  }
  watch.fileSeconds.observe(<f64>(monotonicNs() - begin) / 1e9);
  fileCounted(place.path, tally.bytes - bytesBefore);
}

/** Counts a file chunk by chunk; the errno that ended it, 0 at its end. */
function readAll(place: Place, tally: Tally): u32 {
  const fd = place.open();
  if (fd === 0) return lastErrno;
  let byteCount = readChunk(fd);
  while (byteCount > 0) {
    tally.putChunk(chunkAddress(), byteCount);
    watch.bytesRead.inc(<f64>byteCount);
    watch.distinctWords.set(<f64>tally.distinct);
    byteCount = readChunk(fd);
  }
  const errno = lastErrno;
  close(fd);
  tally.endFile();
  return errno;
}

function fileCounted(path: string, byteCount: u64): void {
  if (byteCount === 0) watch.filesEmpty.inc();
  else watch.filesRead.inc();
  if (watch.fileLog.passes(Level.Debug)) watch.fileLog.debug(`${path}: ${byteCount} bytes`);
}

function fileFailed(path: string, errno: u32): void {
  watch.filesFailed.inc();
  watch.fileLog.warning(`${path}: ${errnoText(errno)}`);
}

function summary(tally: Tally): string {
  const counts = `${tally.lines} lines, ${tally.words} words, ${tally.distinct} distinct`;
  return `${counts}, ${tally.bytes} bytes, checksum ${hex(tally.checksum)}`;
}

function hex(value: u64): string {
  return value.toString(16).padStart(16, "0");
}
