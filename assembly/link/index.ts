/**
 * The monitor of a linked image: all that the linker (host/link/) takes from it. The functions of
 * module `monitor` have the names under which guests import them.
 */
import "../bytes/fixed";
import "../bytes/ascii";
import "./scalar";

export {
  handleCounterAdd as counter_add,
  handleGaugeAdd as gauge_add,
  handleGaugeSet as gauge_set,
  handleIntegerSet as integer_set,
  handleIsActive as is_active,
  handleObserve as observe,
} from "../metrics/handle";
export { block_acquire, block_discard, block_flush, block_read, block_write } from "./block";
export { base, growGuest, guestPages } from "./ground";
export { beginCall, endCall, finish } from "./lifecycle";
export { log } from "./log";
export { log_passes, log_source, series, source, text_set } from "./registrar";
export { SETUP } from "./setup";
export { serve, start } from "./start";
