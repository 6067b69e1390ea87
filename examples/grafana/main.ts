/**
 * `npm run dashboards`: writes the dashboards that Grafana loads. Takes the folder to write to;
 * without one, `examples/grafana/dashboards`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatDashboards } from "./dashboards.js";

const folder = process.argv[2] ?? "examples/grafana/dashboards";
mkdirSync(folder, { recursive: true });
for (const [file, text] of formatDashboards()) writeFileSync(join(folder, file), text);
