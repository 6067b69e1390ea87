/**
 * Images of all flavours that qemu makes, small, with data, zeros, holes, and what else there is.
 */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { qemuImg, qemuIo } from "./qemu.js";

/** Options of `qemu-img create`, by the flavour's name. */
const FLAVOURS: Readonly<Record<string, string>> = {
  "512-byte clusters": "cluster_size=512",
  "4 KiB clusters": "cluster_size=4k",
  "64 KiB clusters": "cluster_size=64k",
  "version 2": "cluster_size=4k,compat=0.10",
  "refcounts of 1 bit": "cluster_size=4k,refcount_bits=1",
  "refcounts of 8 bits": "cluster_size=4k,refcount_bits=8",
  "refcounts of 64 bits": "cluster_size=4k,refcount_bits=64",
  "lazy refcounts": "cluster_size=4k,lazy_refcounts=on",
  "preallocated metadata": "cluster_size=4k,preallocation=metadata",
};

const WRITES = ["write -P 7 0 100k", "write -P 9 600k 40k", "discard 20k 30k"];

export interface QemuImage {
  readonly flavour: string;
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Makes one of each in `folder`, disks of 1 MiB. */
export function makeImages(folder: string): readonly [QemuImage, ...QemuImage[]] {
  const path = (name: string) => join(folder, `${name.replaceAll(" ", "-")}.qcow2`);
  const plain = path("4 KiB clusters");
  const paths: [string, string][] = [];
  for (const [flavour, options] of Object.entries(FLAVOURS)) {
    qemuImg("create", "-q", "-f", "qcow2", "-o", options, path(flavour), "1M");
    const zeros = flavour === "version 2" ? [] : ["write -z 128k 64k"];
    qemuIo(path(flavour), ...WRITES, ...zeros);
    paths.push([flavour, path(flavour)]);
  }
  const derive = (flavour: string) => {
    copyFileSync(plain, path(flavour));
    paths.push([flavour, path(flavour)]);
    return path(flavour);
  };
  const snapshots = derive("snapshots");
  qemuImg("snapshot", "-c", "one", snapshots);
  qemuIo(snapshots, "write 10k 30k");
  qemuImg("snapshot", "-c", "two", snapshots);
  qemuIo(snapshots, "write 700k 30k");
  const bitmaps = derive("bitmaps");
  qemuImg("bitmap", "--add", bitmaps, "b0");
  qemuImg("bitmap", "--add", "--disable", bitmaps, "b1");
  qemuIo(bitmaps, "write 10k 30k");
  const compressed = derive("compressed");
  qemuImg("convert", "-c", "-O", "qcow2", "-o", "cluster_size=4k", plain, compressed);
  qemuIo(compressed, "write 10k 30k");
  const images = paths.map(([flavour, file]) => {
    return { flavour, path: file, bytes: new Uint8Array(readFileSync(file)) };
  });
  return images as unknown as readonly [QemuImage, ...QemuImage[]];
}
