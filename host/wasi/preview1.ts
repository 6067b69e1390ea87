/**
 * What WASI preview1 offers: the names of its functions, where the byte-moving ones put their
 * result, and the few error numbers that we answer with ourselves. From the witx files of
 * wasi_snapshot_preview1.
 */

/** The module name under which guests import WASI. */
export const PREVIEW1 = "wasi_snapshot_preview1";

/** A function as WebAssembly imports it. Loose on purpose: every signature differs. */
// biome-ignore lint/suspicious/noExplicitAny: numbers and bigints, as each signature says
export type ImportFunction = (...values: any[]) => any;
/** The functions of one imported module, by name. */
export type ImportFunctions = Record<string, ImportFunction>;

/** Error numbers of preview1 (`errno` in the witx). */
export const Errno = {
  Success: 0,
  Again: 6,
  BadFile: 8,
  ConnectionReset: 15,
  Fault: 21,
  Invalid: 28,
  Io: 29,
  NameTooLong: 37,
  NotConnected: 53,
  NotDirectory: 54,
  NotSocket: 57,
  NotSupported: 58,
  BrokenPipe: 64,
  SeekPipe: 70,
  TimedOut: 73,
} as const;

/** A function that moves bytes: which way, and which argument points to the u32 count. */
export interface Transfer {
  readonly direction: "read" | "written";
  readonly countArgument: number;
}

/** Functions that move bytes between the guest and a file or socket. */
export const TRANSFERS: Readonly<Record<string, Transfer>> = {
  fd_read: { direction: "read", countArgument: 3 },
  fd_pread: { direction: "read", countArgument: 4 },
  sock_recv: { direction: "read", countArgument: 4 },
  fd_write: { direction: "written", countArgument: 3 },
  fd_pwrite: { direction: "written", countArgument: 4 },
  sock_send: { direction: "written", countArgument: 4 },
};

/** Every function of preview1. */
export const PREVIEW1_FUNCTIONS: ReadonlySet<string> = new Set([
  "args_get",
  "args_sizes_get",
  "clock_res_get",
  "clock_time_get",
  "environ_get",
  "environ_sizes_get",
  "fd_advise",
  "fd_allocate",
  "fd_close",
  "fd_datasync",
  "fd_fdstat_get",
  "fd_fdstat_set_flags",
  "fd_fdstat_set_rights",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "fd_pread",
  "fd_prestat_dir_name",
  "fd_prestat_get",
  "fd_pwrite",
  "fd_read",
  "fd_readdir",
  "fd_renumber",
  "fd_seek",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "path_create_directory",
  "path_filestat_get",
  "path_filestat_set_times",
  "path_link",
  "path_open",
  "path_readlink",
  "path_remove_directory",
  "path_rename",
  "path_symlink",
  "path_unlink_file",
  "poll_oneoff",
  "proc_exit",
  "proc_raise",
  "random_get",
  "sched_yield",
  "sock_accept",
  "sock_recv",
  "sock_send",
  "sock_shutdown",
]);
