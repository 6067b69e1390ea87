// Allocates from marked places: on deep stacks, which grow and are copied meanwhile, on goroutines
// that are switched while they allocate, in inlined and generic functions, across collections.
//
// Prints, for each place and each of its backtraces, what was allocated there (blocks, words of
// four bytes) and what runtime.Callers says of it, entry point first; on stderr how many blocks
// runtime.MemStats counted between a block of 111,111 bytes and one of 222,222.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
)

type node struct {
	next *node
	data [96]byte
}

type row struct {
	blocks, words int
}

var (
	books         = map[string]row{}
	lock          sync.Mutex
	kept          []any
	marked        []byte
	before, after runtime.MemStats
)

// Enters a block of so many bytes: what the caller allocates next, in the same line.
func enter(bytes int) {
	pcs := make([]uintptr, 1000)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	places := []string{}
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		file := frame.File[strings.LastIndex(frame.File, "/")+1:]
		if frame.Function != "runtime.goexit" {
			places = append(places, fmt.Sprintf("%s %s:%d", frame.Function, file, frame.Line))
		}
	}
	for left, right := 0, len(places)-1; left < right; left, right = left+1, right-1 {
		places[left], places[right] = places[right], places[left]
	}
	lock.Lock()
	defer lock.Unlock()
	key := strings.Join(places, ";")
	was := books[key]
	books[key] = row{was.blocks + 1, was.words + (bytes+3)/4}
}

//go:noinline
func list(count int) *node {
	var head *node
	for i := 0; i < count; i++ {
		enter(104); head = &node{next: head}
	}
	return head
}

//go:noinline
func buffer(size int) []byte {
	enter(size); return make([]byte, size)
}

// Grows its stack, and allocates at each depth: tiny, small, large blocks.
//go:noinline
func dive(depth int, room [40]int64) int64 {
	sizes := []int{3, 15, 16, 500, 513, 9000, 40_000, 100_000}
	kept[depth%len(kept)] = buffer(sizes[depth%len(sizes)])
	room[depth%40]++
	if depth == 0 {
		return room[0]
	}
	return dive(depth-1, room) + room[1]
}

func inlined(value int64) *int64 {
	enter(8); at := new(int64)
	*at = value
	return at
}

//go:noinline
func outer(count int) {
	for i := 0; i < count; i++ {
		kept[i%len(kept)] = inlined(int64(i))
	}
}

type pair[T any] struct {
	first, second T
}

//go:noinline
func generic[T any](value T) *pair[T] {
	enter(16); return &pair[T]{value, value}
}

type worker struct {
	yield func()
}

//go:noinline
func (w *worker) run(depth int) {
	if depth > 0 {
		w.run(depth - 1)
		return
	}
	for i := 0; i < 20; i++ {
		w.yield()
		enter(48); kept[i%len(kept)] = new([6]*node)
	}
}

//go:noinline
func goroutines(count int) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			(&worker{runtime.Gosched}).run(60)
		}()
	}
	group.Wait()
}

// Maps, strings, slices that grow, interfaces: blocks that the runtime itself asks for.
//go:noinline
func assorted(count int) int {
	words := map[string][]int{}
	for i := 0; i < count; i++ {
		word := strings.Repeat("ab", i%7) + fmt.Sprint(i%13)
		words[word] = append(words[word], i)
		kept[i%len(kept)] = []byte(word)
		kept[(i+1)%len(kept)] = strings.NewReader(word)
	}
	return len(words)
}

//go:noinline
func mark(size int) {
	marked = make([]byte, size)
}

func main() {
	kept = make([]any, 32)
	mark(111_111)
	runtime.ReadMemStats(&before)
	kept[1] = list(500)
	dive(90, [40]int64{})
	outer(100)
	kept[2] = generic(7)
	runtime.GC()
	goroutines(8)
	found := assorted(1000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	mark(222_222)
	rows := []string{}
	for key, row := range books {
		rows = append(rows, fmt.Sprintf("%d %d %s", row.blocks, row.words, key))
	}
	sort.Strings(rows)
	fmt.Printf("%d words\n%s\n", found, strings.Join(rows, "\n"))
	fmt.Fprintf(os.Stderr, "counted %d blocks\n", after.Mallocs-before.Mallocs)
}
