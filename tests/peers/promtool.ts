/**
 * What promtool finds in an exposition, less what is as it is on purpose.
 */
import { checkMetrics } from "./prometheus.js";

/** What promtool says of names that are as they are for others' dashboards. */
const EXCEPTIONS: readonly string[] = [
  // prom-client's names.
  'nodejs_active_handles_total non-counter metrics should not have "_total" suffix',
  'nodejs_active_requests_total non-counter metrics should not have "_total" suffix',
  'nodejs_active_resources_total non-counter metrics should not have "_total" suffix',
  // The original's field, in its unit.
  'resource_usage_maxrss_kibibytes use base unit "bytes" instead of "kibibytes"',
  // Asked for an exact name.
  'Mirage_qcow_reads counter metrics should have "_total" suffix',
];

/** The findings of `promtool check metrics`, a line each; the text format only. */
export async function findingsOf(exposition: string): Promise<string[]> {
  const { output } = await checkMetrics(exposition);
  const findings = output.split("\n").filter((line) => line !== "");
  return findings.filter((finding) => !EXCEPTIONS.includes(finding));
}
