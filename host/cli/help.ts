/**
 * What the help of each command says after its options.
 */
const LANGUAGE = `
Control language (one line, one reply):
  l  l*  ldns            log levels: those that differ, all, of one source
  L*:debug  Ldns:info    set the level of all, of one source (several joined by commas)
  m  m*  mmemory         sources on or off: those that differ, all, one
  M*:off  Mmemory:on     switch all, one source; Mtag:kind:off all sources with tag kind
  … for 10m              after L… or M…: for a while only (30s, 10m, 2h)
  ?                      help
  Levels: quiet app error warning info debug
`;

export const HELP = `
Examples:
  wmon run app.wasm                         run it; metrics on http://127.0.0.1:9090/metrics
  wmon run --dir . app.wasm -- file.txt     let it read this directory
  wmon ctl 'L*:debug'                       make it talk, from another terminal
  wmon ctl                                  a prompt
  wmon trace --seconds 10 -o t.ctf          where it allocates, from another terminal
  wmon report t.ctf --format html -o t.html
  wmon link app.wasm                        one file for any WASI runtime
  wmon qcow create disk.qcow2 10G           a disk, for wmon run --block disk=disk.qcow2

wmon COMMAND --help says more.
`;

export const RUN_HELP = `
Examples:
  wmon run app.wasm -- --verbose file.txt
  wmon run --dir ./data::/data --env MODE=fast app.wasm
  wmon run --push tcp://127.0.0.1:8094 --interval 2s --hostname web1 app.wasm
  wmon run --block disk=disk.qcow2 app.wasm
  wmon run --tcplisten 8080 server.wasm     a guest that accepts connections
  wmon run --push 'http://127.0.0.1:8086/write?db=metrics' --control off app.wasm
  wmon run --control unix:/tmp/app.sock --prometheus tcp:127.0.0.1:0 app.wasm
  wmon run -l '*:info,dns:debug' --metrics '*:off,memory:on' app.wasm

Receivers (--push):
  tcp://HOST:PORT  udp://HOST:PORT  unix:PATH     Telegraf socket_listener, VictoriaMetrics
  http://HOST:8086/write?db=NAME                  InfluxDB 1, VictoriaMetrics
  http://HOST:8086/api/v2/write?org=O&bucket=B    InfluxDB 2
  -                                               standard output

Addresses: 9090, tcp:9090, tcp:HOST[:PORT], tcp:[::1]:9090, unix:PATH. Port 0 takes a free
one; the real one is printed. A default port that is in use is only warned about; an address
that you give must be free.

Sockets (--tcplisten): each address is a listening socket that the guest has from the start, as
the descriptors after its directories: 3 without --dir, 4 with one. They block until the guest
sets them otherwise. What passes is in the sources tcp and net-wasi.

Disks (--block NAME=FILE[,readonly][,raw][,compact]): sectors of 512 bytes, for guests that import
them (wmon.h, BlockDevice). FILE is a qcow2 image (wmon qcow create) or a raw one, told by its
first bytes; raw takes the bytes as they are. readonly images may be shared, any other has one
user. compact gives back at each flush what the guest discarded. A guest that is stopped keeps
what it flushed. --sandbox does not copy disks.

Every guest shows, without knowing of wmon: memory (linear memory, growths, high-water mark, limit),
guest (compile and instantiate time, uptime, traps), wasi (calls, errors and time by name), wasi_io
(bytes read and written), disk and mount (files by name and by directory: bytes, operations, times),
disk_errors (by error number).
${LANGUAGE}
Exit code: the guest's; 134 after a trap; 130 and 143 after SIGINT and SIGTERM; 2 when it
cannot start.
`;

export const CTL_HELP = `
Examples:
  wmon ctl 'L*:debug for 10m'
  wmon ctl --to tcp:127.0.0.1:4000 m
  wmon ctl --to unix:/tmp/app.sock
  echo 'l*' | wmon ctl
${LANGUAGE}
Exit code: 0; 1 when a reply is an error; 2 without a reply.
`;
