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

wmon COMMAND --help says more.
`;

export const RUN_HELP = `
Examples:
  wmon run app.wasm -- --verbose file.txt
  wmon run --dir ./data::/data --env MODE=fast app.wasm
  wmon run --push tcp://127.0.0.1:8094 --interval 2s --hostname web1 app.wasm
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

Every guest shows, without knowing of wmon: memory (linear memory, growths, high-water mark),
guest (compile and instantiate time, uptime, traps), wasi (calls, errors and time by name) and
wasi_io (bytes read and written).
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
