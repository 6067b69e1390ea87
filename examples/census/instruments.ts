/**
 * Everything this program tells its monitor.
 */
import { Counter, Gauge, Histogram, Log, Source } from "../../assembly/guest";

const files = new Counter("census_files_total", "Files, by what became of them.", ["result"]);
export const filesRead = files.labels(["read"]);
export const filesEmpty = files.labels(["empty"]);
export const filesFailed = files.labels(["failed"]);

export const bytesRead = new Counter("census_bytes_total", "Bytes read from files.");
export const distinctWords = new Gauge("census_distinct_words", "Distinct words of this round.");
export const fileSeconds = new Histogram("census_file_seconds", "Time that one file took.");

const source = new Source("census", "The round that ended last.");
const roundsField = source.counter("rounds", "Rounds that ended.");
const linesField = source.unsigned("lines", "Lines of all files.");
const wordsField = source.unsigned("words", "Words of all files.");
const durationField = source.duration("round", "Time that the round took.");
const fileField = source.text("file", "The file that is being read.", 128);
const checksumField = source.text("checksum", "FNV-1a over all bytes.", 16);
const series = source.series();
export const rounds = roundsField.of(series);
export const lines = linesField.of(series);
export const words = wordsField.of(series);
export const roundNs = durationField.of(series);
export const currentFile = fileField.of(series);
export const checksum = checksumField.of(series);

/** The log of rounds. */
export const roundLog = new Log("census");
/** The log of single files: quiet unless asked for, `Lfiles:debug`. */
export const fileLog = new Log("files");
