/**
 * What stays a call, by file. The others are inlined: where a scrape spends its time or a guest
 * calls, because that is fast; elsewhere because the gzipped module was smaller so, tried one by
 * one. A name that is missing or gone costs bytes, nothing else.
 */
const COLD = {
  "bytes/arena": ["allocate"],
  "bytes/double": ["layOut", "multiplyHigh", "putDouble"],
  "bytes/escape": ["addInflux", "addQuoted"],
  "bytes/input": ["openInput", "readText", "readU8", "refuseIf", "take"],
  "bytes/integer": ["putSigned", "putUnsigned"],
  "bytes/put": ["addByte", "addText", "putBytes", "putText"],
  "bytes/text": [
    "closeText",
    "compareBytes",
    "compareTexts",
    "copyText",
    "hashBytes",
    "hashText",
    "textEnd",
  ],
  "bytes/word": ["addWord", "findWord"],
  "command/apply": ["assignAll"],
  "command/entry": ["addEntry"],
  "command/item": ["takeItem", "takeItems"],
  "command/outcome": ["fail", "openFailure"],
  "command/time": ["expire"],
  "encode/number": ["readNumbers"],
  "encode/prometheus": ["addHeader"],
  index: ["command", "configure", "encode"],
  "metrics/cell": ["gaugeSet", "observe", "refuse", "setCell"],
  "metrics/field": ["addSuffix", "familyName", "isCompound", "readField"],
  "metrics/freshness": ["nextActive"],
  "metrics/handle": [
    "allocateHandle",
    "cellOf",
    "handleCounterAdd",
    "handleGaugeAdd",
    "handleGaugeSet",
    "handleIntegerSet",
    "handleIsActive",
    "handleObserve",
  ],
  "metrics/log": ["registerLog"],
  "metrics/name": ["addName", "claimName", "isListable", "isName"],
  "metrics/record": ["isFamily"],
  "metrics/registry": ["endMessage", "makeSetting", "openCatalog", "reserveOutputs"],
  "metrics/series": ["count", "findSeries", "headOf", "registerSeries", "removeSeries", "tagValue"],
  "metrics/setting": ["find", "findSetting", "insert"],
  "metrics/source": [
    "addField",
    "isTakenBack",

    "readSource",
    "registerField",
    "registerSource",
    "openDefinition",
  ],
  "metrics/switch": ["assign", "openCells"],
  "metrics/tag": ["addSetting", "governor", "keepLabel"],
};

/** Names of functions as binaryen knows them. */
export const COLD_NAMES = Object.entries(COLD).flatMap(([file, functions]) =>
  functions.map((name) => `assembly/${file}/${name}`),
);
