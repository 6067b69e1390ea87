/**
 * What must hold in every runtime: one list, run by a short fixture in each.
 */

import { EDGE_BEHAVIOURS } from "./edge-behaviours.js";
import { PROGRAM_BEHAVIOURS } from "./program-behaviours.js";
import type { Behaviour } from "./world.js";

/** All of them, in the order of the table. */
export const BEHAVIOURS: readonly Behaviour[] = [...EDGE_BEHAVIOURS, ...PROGRAM_BEHAVIOURS];
