/**
 * The monitor of a linked image that can trace its memory: `assembly/link/index.ts`, with the
 * writer of traces and what the hooks of the guest's allocators call.
 */
import "../../bytes/fixed";
import "../../bytes/ascii";
import "../scalar";

export {
  handleCounterAdd as counter_add,
  handleGaugeAdd as gauge_add,
  handleGaugeSet as gauge_set,
  handleIntegerSet as integer_set,
  handleIsActive as is_active,
  handleObserve as observe,
} from "../../metrics/handle";
export {
  block_acquire,
  block_discard,
  block_flush,
  block_read,
  block_write,
} from "../block";
export { base, growGuest, guestPages } from "../ground";
export { log } from "../log";
export { log_passes, log_source, series, source, text_set } from "../registrar";
export { SETUP } from "../setup";
export { assign, block, countdown, depth, probe } from "./hooks";
export { beginCall, endCall, finish, start } from "./lifecycle";
export { PLACES } from "./places";
export { allocated, freed } from "./recorder";
