// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Keeps Go's scheduler busy when asked to, and tells what runtime/metrics has of it.
//
// Lines that it reads: "work" (until the world was stopped often enough, and all is quiet again), "busy" (until "quiet"), "create N" (goroutines that end), "metrics"
// (tells them). Each is answered by "done". While it is quiet no goroutine runs, nor does reading a line make one run: what is counted
// stays as it is.
package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var names = []string{
	"/sched/latencies:seconds",
	"/sched/pauses/stopping/gc:seconds",
	"/sched/pauses/stopping/other:seconds",
	"/sched/pauses/total/gc:seconds",
	"/sched/pauses/total/other:seconds",
	"/sync/mutex/wait/total:seconds",
}

const (
	workers  = 12
	maxProcs = 3
)

var (
	busy  int32
	stops int32
	group sync.WaitGroup
	lock  sync.Mutex
)

// One that yields, sleeps, and waits for the lock.
func work() {
	defer group.Done()
	for i := 0; atomic.LoadInt32(&busy) != 0; i++ {
		lock.Lock()
		if i%8 == 0 {
			time.Sleep(500 * time.Microsecond)
		}
		lock.Unlock()
		runtime.Gosched()
	}
}

// Stops the world.
func stop() {
	defer group.Done()
	var m runtime.MemStats
	for atomic.LoadInt32(&busy) != 0 {
		runtime.GC()
		runtime.ReadMemStats(&m)
		time.Sleep(2 * time.Millisecond)
		atomic.AddInt32(&stops, 1)
	}
}

func begin() {
	atomic.StoreInt32(&busy, 1)
	group.Add(workers + 1)
	for i := 0; i < workers; i++ {
		go work()
	}
	go stop()
}

func end() {
	atomic.StoreInt32(&busy, 0)
	group.Wait()
}

func create(n int) {
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		go all.Done()
	}
	all.Wait()
}

func ns(seconds float64) string {
	switch {
	case math.IsInf(seconds, -1):
		return "under"
	case seconds*1e9 >= 1<<47:
		return "over"
	}
	return fmt.Sprint(int64(math.Round(seconds * 1e9)))
}

// A line for each: its name, then nanoseconds, or "FROM:COUNT" for what was counted.
func tell(samples []metrics.Sample) {
	out := bufio.NewWriter(os.Stdout)
	for _, s := range samples {
		switch s.Value.Kind() {
		case metrics.KindFloat64:
			fmt.Fprintf(out, "%s %d\n", s.Name, int64(math.Round(s.Value.Float64()*1e9)))
		case metrics.KindFloat64Histogram:
			fmt.Fprint(out, s.Name)
			h := s.Value.Float64Histogram()
			for i, n := range h.Counts {
				if n != 0 {
					fmt.Fprintf(out, " %s:%d", ns(h.Buckets[i]), n)
				}
			}
			fmt.Fprintln(out)
		}
	}
	out.Flush()
}

// The scheduler is told of it only while others run: they may have to stop all.
func read(to []byte) int {
	if atomic.LoadInt32(&busy) != 0 {
		n, _ := syscall.Read(0, to)
		return n
	}
	for {
		n, _, err := syscall.RawSyscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&to[0])), uintptr(len(to)))
		if err != syscall.EINTR {
			return int(n)
		}
	}
}

func main() {
	runtime.GOMAXPROCS(maxProcs)
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	fmt.Println("ready", workers)
	line := make([]byte, 256)
	for {
		n := read(line)
		if n <= 0 {
			return
		}
		words := strings.Fields(string(line[:n]))
		switch words[0] {
		case "work":
			begin()
			for enough := atomic.LoadInt32(&stops) + 50; atomic.LoadInt32(&stops) < enough; {
				time.Sleep(10 * time.Millisecond)
			}
			end()
		case "busy":
			begin()
		case "quiet":
			end()
		case "create":
			cnt := 0
			fmt.Sscan(words[1], &cnt)
			create(cnt)
		case "metrics":
			metrics.Read(samples)
			tell(samples)
		}
		os.Stdout.WriteString("done\n")
	}
}
