// A server on Go's net package: a goroutine a connection, woken by the runtime's poll. It echoes
// each connection until its end, then says how many bytes that were. Its first argument is the
// descriptor of its listening socket.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
)

func serve(connection net.Conn) {
	defer connection.Close()
	count, err := io.Copy(connection, connection)
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-server:", err)
		return
	}
	fmt.Fprintf(connection, "\n%d bytes\n", count)
}

func main() {
	descriptor, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	// Go waits by its own poll only for what does not block.
	if err := syscall.SetNonblock(descriptor, true); err != nil {
		panic(err)
	}
	listener, err := net.FileListener(os.NewFile(uintptr(descriptor), "listener"))
	if err != nil {
		panic(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection)
	}
}
