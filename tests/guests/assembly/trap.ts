/**
 * A guest that counts to three and traps: what it counted must still be pushed.
 */
import { Counter, Log } from "../../../assembly/guest";

const steps = new Counter("trap_steps_total", "Steps before the trap.");
steps.inc(3);
new Log("trap").error("about to trap");
unreachable();
