/**
 * The files of `--block` in the main thread: checked before anything starts, and locked until the
 * guest is gone, however it goes. The guest's thread opens them again under these locks
 * (`volumes.ts`).
 */
import { type BigIntStats, statSync } from "node:fs";
import { type BlockChoice, naming, refuseChoice } from "../block/choice.js";
import { registerQcow, showQcow } from "../block/families.js";
import { openDevice } from "../block/opening.js";
import type { Core } from "../core.js";
import { lockImage, openImage } from "../platforms/node-image.js";
import type { QcowStats } from "../qcow/stats.js";
import { Cells } from "./cells.js";
import type { VolumeOrder } from "./volumes.js";

/** The images of a run. */
export class Images {
  readonly #unlocks: (() => void)[] = [];
  readonly #images: readonly Image[];

  /**
   * Checks and locks each image. Throws `OPTION_INVALID`, all unlocked again: a file is missing, no
   * regular file, the guest itself, given twice, in use, or no image.
   */
  constructor(choices: readonly BlockChoice[], guestFile: string) {
    checkFiles(choices, guestFile);
    try {
      // All locks come first: an image may be the backing file of another.
      for (const choice of choices) {
        this.#unlocks.push(naming(choice, () => lockImage(choice.path, choice)));
      }
      this.#images = choices.map((choice) => naming(choice, () => examineImage(choice)));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Registers and shows the numbers of qcow2 images; what the guest's thread is to open. */
  register(core: Core): readonly VolumeOrder[] {
    if (!this.#images.some(({ stats }) => stats !== undefined)) {
      return this.#images.map(({ choice }) => choice);
    }
    const cellsOf = registerQcow(core);
    const writer = new Cells(core.memory);
    return this.#images.map(({ choice, stats }) => {
      if (stats === undefined) return choice;
      const cells = cellsOf(choice.name);
      showQcow(writer, cells, stats);
      return { ...choice, cells };
    });
  }

  /** Gives the files back; only when the guest's thread is gone. */
  release(): void {
    for (const unlock of this.#unlocks.splice(0)) unlock();
  }
}

interface Image {
  readonly choice: BlockChoice;
  /** Of a qcow2 image. */
  readonly stats: QcowStats | undefined;
}

/** Opening it says all that can be wrong with it. */
function examineImage(choice: BlockChoice): Image {
  const { path, isReadonly } = choice;
  const file = openImage(path, { isReadonly, isLocked: false });
  const { device, qcow } = openDevice(file, choice, openImage);
  device.close();
  return { choice, stats: qcow?.stats };
}

function checkFiles(choices: readonly BlockChoice[], guestFile: string): void {
  if (choices.length === 0) return;
  const guest = identityOf(statSync(guestFile, { bigint: true }));
  const seen = new Map<string, BlockChoice>();
  for (const choice of choices) {
    const identity = identityOf(naming(choice, () => findFile(choice.path)));
    if (identity === guest) refuseChoice(choice, "is the guest's own program");
    const other = seen.get(identity);
    if (other && !(other.isReadonly && choice.isReadonly)) {
      refuseChoice(
        choice,
        `is the file of ${other.name} already; two devices share one only readonly`,
      );
    }
    seen.set(identity, choice);
  }
}

/** A device or a pipe may block whoever opens it, and has no length. */
function findFile(path: string): BigIntStats {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found?.isFile()) return found;
  if (found) throw new Error(`${found.isDirectory() ? "is a directory" : "is no regular file"}`);
  throw new Error("no such file; wmon qcow create makes one, as does truncate for a raw image");
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
