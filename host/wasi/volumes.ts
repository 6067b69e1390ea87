/**
 * The block devices of a guest on its own thread: opened before it is linked, closed when it ends.
 * The main thread has checked and locked their files (`images.ts`).
 */
import { type BlockChoice, naming } from "../block/choice.js";
import { type QcowCells, showQcow } from "../block/families.js";
import { CompactingDevice } from "../block/layer.js";
import { openDevice } from "../block/opening.js";
import { Volume } from "../block/volume.js";
import type { DiskRegistry } from "../disk/registry.js";
import { openImage } from "../platforms/node-image.js";
import type { Cells } from "./cells.js";

/** A device to open. Crosses to the worker, so it is plain data. */
export interface VolumeOrder extends BlockChoice {
  /** Present for a qcow2 image. */
  readonly cells?: QcowCells | undefined;
}

export interface VolumesOptions {
  readonly cells: Cells;
  readonly disks: DiskRegistry;
  /** Tells the user something, in one line. */
  readonly note: (text: string) => void;
}

/** Opens the devices, in the order of their handles. Throws `MonitorError`, all closed again. */
export function openVolumes(
  orders: readonly VolumeOrder[],
  options: VolumesOptions,
): readonly Volume[] {
  const volumes: Volume[] = [];
  try {
    for (const order of orders) volumes.push(naming(order, () => openVolume(order, options)));
    return volumes;
  } catch (error) {
    for (const volume of volumes) volume.close();
    throw error;
  }
}

function openVolume(order: VolumeOrder, { cells, disks, note }: VolumesOptions): Volume {
  const { name, path, isReadonly } = order;
  const file = openImage(path, { isReadonly, isLocked: false });
  const { device: plain, qcow } = openDevice(file, order, openImage);
  const device = order.isCompacting && qcow ? new CompactingDevice(qcow) : plain;
  const target = order.cells;
  const settle = qcow && target && (() => showQcow(cells, target, qcow.stats));
  return new Volume({ name, device, meter: disks.disk(name), settle, note });
}
