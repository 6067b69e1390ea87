/**
 * `wmon.h` as its users compile it: every dialect that it is for, without a warning.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { missing, needProgram } from "../peers/program.js";
import { ROOT } from "./guest.js";

const DIALECTS = [
  ["c", "c99"],
  ["c", "c17"],
  ["c++", "c++11"],
  ["c++", "c++20"],
] as const;

/** Uses what is inline, so that it is compiled. */
const PROGRAM = `#include "wmon.h"
int main(void) {
  wmon_block_info info;
  int32_t disk = wmon_block_named("disk", &info);
  wmon_log_text(wmon_log_named("log"), WMON_INFO, "text");
  wmon_text(wmon_single(WMON_COUNTER, "name", "help"), "text");
  return disk == WMON_BLOCK_NO_SUCH_DEVICE || info.capacity_bytes > WMON_BLOCK_BYTES_MAX;
}
`;

for (const [language, dialect] of DIALECTS) {
  test(`wmon.h: ${dialect} has nothing to warn of`, { skip: missing("clang") }, () => {
    const options = ["--target=wasm32-wasi", `-x${language}`, `-std=${dialect}`, "-O1"];
    const warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];
    const place = ["-I", `${ROOT}assembly/guest`, "-c", "-", "-o", "-"];
    const { status, stderr } = spawnSync(
      needProgram("clang"),
      [...options, ...warnings, ...place],
      { input: PROGRAM, encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
  });
}
