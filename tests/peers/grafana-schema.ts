/**
 * Dashboards against the types that Grafana publishes of itself (package @grafana/schema; of
 * queries those of its foundation SDK), by the compiler. As literals they may have no property that
 * their type lacks, and must have what it demands. InfluxQL queries have no published type, and
 * what a type leaves open (matchers, mappings) stays unchecked.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { ROOT } from "../guests/guest.js";
import { temporaryFolder } from "../host/wmon.js";
import type { Panel } from "./grafana.js";

const SCHEMA = "@grafana/schema/dist/esm/raw";

/** Types of panels whose options have a published type. */
const PANELS = ["TimeSeries", "Stat", "Table"];

/** `Plain` reads an enum's members as the words that JSON has for them. */
const HEAD = `import type { Dashboard } from "${SCHEMA}/dashboard/x/Dashboard_types.gen";
${PANELS.map(importPanel).join("\n")}
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";
type Query = Omit<Dataquery, "_implementsDataqueryVariant">;
type Plain<T> = T extends string ? \`\${T}\` : T extends readonly (infer E)[] ? Plain<E>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;`;

const COMPILER = {
  ...{ noEmit: true, strict: true, skipLibCheck: true, types: [] },
  ...{ target: "es2022", module: "nodenext", moduleResolution: "nodenext" },
};

/** What the compiler says of the texts of dashboards; the first line begins `check0.ts(`. */
export function complaintsOf(t: TestContext, texts: readonly string[]): string[] {
  const folder = temporaryFolder(t);
  symlinkSync(`${ROOT}node_modules`, `${folder}/node_modules`, "dir");
  const files = texts.map((_, index) => `check${index}.ts`);
  for (const [index, text] of texts.entries()) {
    writeFileSync(`${folder}/check${index}.ts`, formatCheck(text));
  }
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: COMPILER, files }));
  const args = [`${ROOT}node_modules/typescript/bin/tsc`, "-p", folder, "--pretty", "false"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  assert.equal(status === 0, stdout === "", stdout);
  return stdout.split("\n").filter((line) => line !== "");
}

function importPanel(name: string): string {
  const path = `composable/${name.toLowerCase()}/panelcfg/x/${name}PanelCfg_types.gen`;
  return `import type * as ${name.toLowerCase()} from "${SCHEMA}/${path}";`;
}

/** A dashboard as a literal, and by their own types what its type leaves open. */
function formatCheck(text: string): string {
  const { panels } = JSON.parse(text) as { panels: Panel[] };
  const parts = panels.flatMap(partsOf).map(([type, value], index) => {
    return `export const part${index}: Plain<${type}> = ${JSON.stringify(value, undefined, 1)};`;
  });
  return [HEAD, `export const dashboard: Plain<Dashboard> = ${text};`, ...parts].join("\n");
}

/** A panel's options, the look of its curves, and its PromQL. */
function partsOf(panel: Panel): [type: string, value: unknown][] {
  const { type, options, fieldConfig, datasource, targets = [] } = panel;
  if (!PANELS.some((name) => name.toLowerCase() === type)) return [];
  const custom = fieldConfig?.defaults.custom;
  const isPromql = datasource?.type === "prometheus";
  return [
    [`${type}.Options`, options],
    ...(type === "stat" ? [] : [[`Partial<${type}.FieldConfig>`, custom] as [string, unknown]]),
    ...(isPromql ? targets.map((each): [string, unknown] => ["Query", each]) : []),
  ];
}
