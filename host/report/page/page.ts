/**
 * Writes a trace as one web page that needs nothing but itself: no network, no second file.
 */
import { composeContent } from "./content.js";
import type { PageData } from "./data.js";

/** Where `npm run build:page` leaves the page without data, from the package's root. */
export const PAGE_TEMPLATE = "build/page/report.html";

/** Stands in the template where the data go. */
const PLACE = '"@content@"';

/** The page for one trace; `template` is the text of `PAGE_TEMPLATE`. */
export function renderPage(data: PageData, template: string): string {
  const at = template.indexOf(PLACE);
  if (at < 0) throw new Error(`the template of the page has no place for data: ${PAGE_TEMPLATE}`);
  const content = escapeJson(JSON.stringify(composeContent(data)));
  return template.slice(0, at) + content + template.slice(at + PLACE.length);
}

/** Leaves JSON as it is to a parser of JSON, and without anything that means something in HTML. */
function escapeJson(json: string): string {
  return json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}
