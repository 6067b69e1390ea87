/**
 * Colours of frames: a hue a file, a shade a function, in the present theme.
 */
import type { ChartNode } from "./chart.js";
import { themeValue } from "./element.js";

const HUES = 24;
const SHADES = 5;

/** Tells the colour of a frame; made anew when the theme changes. */
export class Palette {
  private readonly rest = themeValue("--frame-rest");
  private readonly root = themeValue("--frame-root");
  private readonly saturation = themeValue("--frame-saturation");
  private readonly lightness = Number.parseFloat(themeValue("--frame-lightness"));

  /** Frames that were not searched for step back while a search is on. */
  colour(node: ChartNode, isSearching: boolean): string {
    if (isSearching && node.highlight !== true) return this.rest;
    const { called } = node.data;
    if (called === undefined) return this.root;
    const hue = (hash(called.file || qualifierOf(called.name)) % HUES) * (360 / HUES);
    const lightness = this.lightness + (hash(called.name) % SHADES) - SHADES / 2;
    return `hsl(${hue} ${this.saturation} ${lightness}%)`;
  }
}

/** What stands before the last part of a qualified name, such as `std::vector`. */
function qualifierOf(name: string): string {
  return (
    name
      .split(/::|[./#]/)
      .slice(0, -1)
      .join("/") || name
  );
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return (state ^ (state >>> 15)) >>> 0;
}
