"""
The core in Python on wasmtime: push, control and scrape in one event loop.

    pip install wasmtime
    python3 examples/embedding/jobs.py build/monitor.wasm 8094

README.md says what it does; assembly/README.md has the ABI, assembly/abi.ts its numbers.
"""
import asyncio
import socket
import struct
import sys
import time

from wasmtime import Instance, Module, Store

COUNTER, FLOAT_COUNTER = 5, 6
SORT_TAGS, TIMESTAMPS = 2, 4
INFO = 4
INPUT, FIELDS, FIELD_NEXT, FIELD_CELL, LOG_LEVEL = 4096, 48, 0, 4, 8
INFLUX, PROMETHEUS = 0, 1
SERIES_MAX, SERIES_PER_SOURCE_MAX = 100_000, 10_000
INTERVAL_SECONDS = 10


def texts(*values):
    """Strs of the ABI: a u16 byte count, then UTF-8."""
    encoded = [value.encode() for value in values]
    return b"".join(struct.pack("<H", len(data)) + data for data in encoded)


JOBS = b"".join((
    bytes([0]), texts("jobs", "", "Jobs by kind."), bytes(8), bytes([1]), texts("kind"), bytes([2]),
    bytes([COUNTER]), texts("done", "Jobs done.", ""), bytes(2),
    bytes([FLOAT_COUNTER]), texts("busy", "Time spent.", "seconds"), bytes(2),
))


class Core:
    def __init__(self, path, vm_name):
        self.store = Store()
        module = Module.from_file(self.store.engine, path)
        self.exports = Instance(self.store, module, []).exports(self.store)
        self.memory = self.exports["memory"]
        flags = SORT_TAGS | TIMESTAMPS
        self.ask("configure", vm_name.encode(), flags, SERIES_MAX, SERIES_PER_SOURCE_MAX)

    def call(self, name, *values):
        return self.exports[name](self.store, *values)

    def ask(self, name, data, *values, before=()):
        """Calls an export that reads `data`; a negative result is a Status."""
        self.memory.write(self.store, data, INPUT)
        result = self.call(name, *before, len(data), *values)
        if result < 0:
            raise ValueError(f"{name}: status {result}")
        return result

    def output(self, end):
        return bytes(self.memory.read(self.store, self.exports["output"].value(self.store), end))

    def command(self, line):
        return self.output(self.ask("command", line, time.time_ns(), 0))

    def encode(self, form):
        return self.output(self.call("encode", form, time.time_ns()))

    def word(self, address):
        return struct.unpack("<I", self.memory.read(self.store, address, address + 4))[0]


class Jobs:
    def __init__(self, core):
        self.core = core
        self.source = core.ask("source", JOBS)
        self.log = core.ask("log", b"jobs")
        self.handles = {}

    def finish(self, kind, seconds):
        if kind not in self.handles:
            self.handles[kind] = self.register(kind)
        self.core.call("counterAdd", self.handles[kind], 1.0)
        self.core.call("counterAdd", self.handles[kind] + 1, seconds)
        if INFO <= self.core.word(self.log + LOG_LEVEL):
            print(f"jobs: {kind} took {seconds:g} s", file=sys.stderr)

    def register(self, kind):
        core = self.core
        series = core.ask("series", texts(kind), before=[self.source])
        done = core.word(self.source + FIELDS)
        fields = done, core.word(done + FIELD_NEXT)
        return [core.call("handle", series + core.word(at + FIELD_CELL)) for at in fields][0]


def push(core, port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(core.encode(INFLUX))
    except OSError as error:
        print("push: these lines are lost:", error, file=sys.stderr)


async def control(core, reader, writer):
    async for line in reader:
        writer.write(core.command(line.rstrip(b"\r\n")) + b"\n")
        await writer.drain()
    writer.close()


async def scrape(core, reader, writer):
    request = (await reader.readuntil(b"\r\n\r\n")).split(b" ")
    is_metrics = request[:2] == [b"GET", b"/metrics"]
    body = core.encode(PROMETHEUS) if is_metrics else b""
    status = "200 OK" if is_metrics else "404 Not Found"
    kind = "Content-Type: text/plain; version=0.0.4; charset=utf-8"
    head = f"HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def listen(core, serve):
    server = await asyncio.start_server(lambda r, w: serve(core, r, w), "127.0.0.1", 0)
    return "127.0.0.1:%d" % server.sockets[0].getsockname()[1]


async def main(path, push_port):
    core = Core(path, "example")
    jobs = Jobs(core)
    print("control", await listen(core, control))
    print(f"prometheus http://{await listen(core, scrape)}/metrics", flush=True)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)

    def push_again():
        push(core, push_port)
        loop.call_later(INTERVAL_SECONDS, push_again)

    push_again()
    async for line in lines:
        kind, seconds = line.decode().split()
        jobs.finish(kind, float(seconds))
    push(core, push_port)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
