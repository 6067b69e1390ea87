/**
 * The imports of WASI preview1 that a linked image needs for its monitor. asc names an import's
 * module after the file that declares it, hence the name. Each returns an errno; 0 is success.
 * Pointers are addresses of the whole memory: see `absolute` in ground.ts.
 */

export declare function clock_time_get(clock: u32, precisionNs: u64, timeNs: usize): u32;
export declare function environ_sizes_get(count: usize, byteCount: usize): u32;
export declare function environ_get(variables: usize, bytes: usize): u32;
export declare function fd_close(fd: u32): u32;
export declare function fd_prestat_get(fd: u32, prestat: usize): u32;
export declare function fd_prestat_dir_name(fd: u32, path: usize, byteCount: u32): u32;
export declare function fd_read(fd: u32, iovs: usize, iovCount: u32, readCount: usize): u32;
export declare function fd_seek(fd: u32, offset: i64, whence: u32, position: usize): u32;
export declare function fd_write(fd: u32, iovs: usize, iovCount: u32, writtenCount: usize): u32;
export declare function path_filestat_get(
  fd: u32,
  flags: u32,
  path: usize,
  byteCount: u32,
  stat: usize,
): u32;
export declare function path_open(
  fd: u32,
  lookupFlags: u32,
  path: usize,
  byteCount: u32,
  openFlags: u32,
  rights: u64,
  inheritedRights: u64,
  fdFlags: u32,
  opened: usize,
): u32;
export declare function path_rename(
  fd: u32,
  path: usize,
  byteCount: u32,
  targetFd: u32,
  target: usize,
  targetBytes: u32,
): u32;
export declare function proc_exit(code: u32): void;
