/**
 * Block devices: an image has none, and says so.
 */
import { BlockStatus } from "../abi";

export function block_acquire(_name: usize, _byteCount: u32, _info: usize): i32 {
  return BlockStatus.NoSuchDevice;
}

export function block_read(_handle: i32, _offset: i64, _address: usize, _byteCount: u32): i32 {
  return BlockStatus.NoSuchDevice;
}

export function block_write(_handle: i32, _offset: i64, _address: usize, _byteCount: u32): i32 {
  return BlockStatus.NoSuchDevice;
}

export function block_discard(_handle: i32, _offset: i64, _byteCount: i64): i32 {
  return BlockStatus.NoSuchDevice;
}

export function block_flush(_handle: i32): i32 {
  return BlockStatus.NoSuchDevice;
}
