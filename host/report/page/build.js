/**
 * Builds the page without data, `build/page/report.html`: its scripts and styles, ours and those of
 * the libraries, made small by esbuild and put into `client/page.html`, with the libraries'
 * licences. The data's place, `"@content@"`, stays.
 *
 * The page's own policy names script and style by their hashes and allows nothing else: no network,
 * and no script that got in by a name in a trace.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const CLIENT = "host/report/page/client";
const OUTPUT = "build/page";

const { outputFiles, metafile } = await build({
  entryPoints: [`${CLIENT}/main.ts`, `${CLIENT}/page.css`],
  outdir: OUTPUT,
  write: false,
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
});

/** The text of all output with an ending; the libraries' styles (`main.css`) come before ours. */
function textOf(ending) {
  const files = outputFiles.filter(({ path }) => path.endsWith(ending));
  return files
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ text }) => text.trim())
    .join("\n");
}

/** The packages whose code is in the output. */
function packages() {
  const inputs = Object.keys(metafile.inputs).join("\n");
  const names = [...inputs.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(
    ([, name]) => name,
  );
  return [...new Set(names)].sort();
}

/** Each licence once, under the packages that have it word for word. */
function licences() {
  const texts = new Map();
  for (const name of packages()) {
    const folder = `node_modules/${name}`;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence to show`);
    const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const text = readFileSync(`${folder}/${file}`, "utf8").trim();
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
  }
  return [...texts].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n---\n\n");
}

function escapeHtml(text) {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hashOf(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

const script = textOf(".js");
const style = textOf(".css");
if (/<\/script|<!--/i.test(script)) throw new Error("the script would end its own element");
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const parts = { policy, style, script, licences: escapeHtml(licences()), content: '"@content@"' };
const page = readFileSync(`${CLIENT}/page.html`, "utf8").replace(
  /\/\* @(\w+)@ \*\/|"@(content)@"|@(\w+)@/g,
  (_, ...names) => parts[names.find((name) => name !== undefined)],
);
mkdirSync(OUTPUT, { recursive: true });
writeFileSync(`${OUTPUT}/report.html`, page);
