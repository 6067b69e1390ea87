// The core in Go on wazero: push, control and scrape. README.md says what it does, assembly/abi.ts
// has the ABI's numbers.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const (
	counter, floatCounter, info  = 5, 6, 4
	flags, input, logLevel       = 2 | 4 /* sort tags, timestamps */, 4096, 8
	influx, prometheus           = 0, 1
	fields, fieldNext, fieldCell = 48, 0, 4
)

// Core is one instance, for one caller at a time.
type Core struct {
	sync.Mutex
	api.Module
	handles map[string]uint64
}

// call returns an export's result. A negative one is a Status: the program is wrong.
func (core *Core) call(name string, values ...uint64) uint64 {
	results := append(must(core.ExportedFunction(name).Call(context.Background(), values...)), 0)
	if status := int32(results[0]); status < 0 {
		panic(fmt.Sprintf("%s: status %d", name, status))
	}
	return results[0]
}

func (core *Core) put(data []byte) uint64 {
	core.Memory().Write(input, data)
	return uint64(len(data))
}

func (core *Core) write(name string, values ...uint64) []byte {
	end := uint32(core.call(name, values...))
	start := uint32(core.ExportedGlobal("output").Get())
	view, _ := core.Memory().Read(start, end-start)
	return bytes.Clone(view)
}

func (core *Core) gather(format uint64) []byte {
	core.Lock()
	defer core.Unlock()
	return core.write("encode", format, uint64(time.Now().UnixNano()))
}

func (core *Core) word(address uint64) uint64 {
	value, _ := core.Memory().ReadUint32Le(uint32(address))
	return uint64(value)
}

func (core *Core) job(source, log uint64, kind string, seconds float64) {
	core.Lock()
	defer core.Unlock()
	if _, known := core.handles[kind]; !known {
		series := core.call("series", source, core.put(texts(kind)))
		for field := core.word(source + fields); field != 0; field = core.word(field + fieldNext) {
			core.handles[kind] = core.call("handle", series+core.word(field+fieldCell))
		}
	}
	core.call("counterAdd", core.handles[kind]-1, math.Float64bits(1))
	core.call("counterAdd", core.handles[kind], math.Float64bits(seconds))
	if info <= core.word(log+logLevel) {
		fmt.Fprintf(os.Stderr, "jobs: %s took %g s\n", kind, seconds)
	}
}

// texts are strs of the ABI: a u16 byte count, then UTF-8.
func texts(values ...string) (message []byte) {
	for _, value := range values {
		message = binary.LittleEndian.AppendUint16(message, uint16(len(value)))
		message = append(message, value...)
	}
	return message
}

func main() {
	runtime := wazero.NewRuntime(context.Background())
	module := must(runtime.Instantiate(context.Background(), must(os.ReadFile(os.Args[1]))))
	core := &Core{Module: module, handles: map[string]uint64{}}
	core.call("configure", core.put([]byte("example")), flags, 100_000, 10_000)
	source := core.call("source", core.put(bytes.Join([][]byte{
		{0}, texts("jobs", "", "Jobs by kind."), make([]byte, 8), {1}, texts("kind"),
		{2, counter}, texts("done", "Jobs done.", ""), {0, 0},
		{floatCounter}, texts("busy", "Time spent.", "seconds"), {0, 0}}, nil)))
	log := core.call("log", core.put([]byte("jobs")))
	push := func() {
		if peer, err := net.DialTimeout("tcp", "127.0.0.1:"+os.Args[2], time.Second); err != nil {
			fmt.Fprintln(os.Stderr, "push: these lines are lost:", err)
		} else {
			peer.Write(core.gather(influx))
			peer.Close()
		}
	}
	control, scrape := must(net.Listen("tcp", "127.0.0.1:0")), must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for connection, err := control.Accept(); err == nil; connection, err = control.Accept() {
			go func() {
				defer connection.Close()
				for lines := bufio.NewScanner(connection); lines.Scan(); {
					core.Lock()
					reply := core.write("command", core.put(lines.Bytes()), uint64(time.Now().UnixNano()), 0)
					core.Unlock()
					fmt.Fprintf(connection, "%s\n", reply)
				}
			}()
		}
	}()
	http.HandleFunc("GET /metrics", func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		response.Write(core.gather(prometheus))
	})
	go http.Serve(scrape, nil)
	fmt.Printf("control %s\nprometheus http://%s/metrics\n", control.Addr(), scrape.Addr())
	go func() {
		for ; ; time.Sleep(10 * time.Second) {
			push()
		}
	}()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		kind, seconds := "", 0.0
		must(fmt.Sscanf(lines.Text(), "%s %g", &kind, &seconds))
		core.job(source, log, kind, seconds)
	}
	push()
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
