// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// go_threads FOLDER SECONDS [now]: goroutines that wait in system calls, and others that only keep threads busy in between. It
// speaks with its test as work.h says, but with "now" it does not wait for a word. Built with cgo_threads.go one waits in C.
//
// While they run, threads come to be idle that had those goroutines, and whose memory is full of their stacks.
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type meter struct {
	calls, ns int64
}

var stop int32

// In C, if there is C.
var waitInC func()

func (m *meter) add(since time.Time) {
	m.calls++
	m.ns += int64(time.Since(since))
}

func (m *meter) say(name string) {
	if m.calls != 0 {
		fmt.Printf("%s %d %d 0 0\n", name, m.calls, m.ns)
	}
}

func running() bool {
	return atomic.LoadInt32(&stop) == 0
}

// A stack that has grown lies above those of most threads.
//
//go:noinline
func grow(i int) byte {
	var room [65536]byte
	room[i] = byte(i)
	return room[i/2] + room[i]
}

// Between two calls it parks: on the stack of g0 its own one is next.
//
//go:noinline
func fileSync(folder string, m *meter, done *sync.WaitGroup) {
	defer done.Done()
	f, err := os.Create(filepath.Join(folder, "synced"))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	grow(1)
	for i := 0; running(); i++ {
		if _, err := f.WriteAt([]byte{byte(i)}, int64(i%16)*4096); err != nil {
			panic(err)
		}
		since := time.Now()
		if err := f.Sync(); err != nil {
			panic(err)
		}
		m.add(since)
		time.Sleep(5 * time.Millisecond)
	}
}

//go:noinline
func nanosleeper(m *meter, done *sync.WaitGroup) {
	defer done.Done()
	for running() {
		since := time.Now()
		ts := syscall.Timespec{Nsec: 20000000}
		syscall.Nanosleep(&ts, nil)
		m.add(since)
	}
}

//go:noinline
func cSleeper(m *meter, done *sync.WaitGroup) {
	defer done.Done()
	for waitInC != nil && running() {
		since := time.Now()
		waitInC()
		m.add(since)
	}
}

//go:noinline
func pipeReader(fd int, m *meter, done *sync.WaitGroup) {
	defer done.Done()
	var b [1]byte
	for {
		since := time.Now()
		n, err := syscall.Read(fd, b[:])
		if n != 1 || err != nil {
			return
		}
		m.add(since)
	}
}

//go:noinline
func pipeWriter(fd int, done *sync.WaitGroup) {
	defer done.Done()
	for running() {
		time.Sleep(10 * time.Millisecond)
		syscall.Write(fd, []byte{1})
	}
	syscall.Close(fd)
}

//go:noinline
func channelEcho(in, out chan int, done *sync.WaitGroup) {
	defer done.Done()
	for i := range in {
		out <- i
	}
}

//go:noinline
func channelAsker(in, out chan int, done *sync.WaitGroup) {
	defer done.Done()
	for running() {
		in <- 1
		<-out
		time.Sleep(2 * time.Millisecond)
	}
	close(in)
}

func main() {
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(2)
	var synced, slept, inC, read meter
	var done sync.WaitGroup
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	fmt.Println("ready", os.Getpid())
	if len(os.Args) < 4 {
		bufio.NewReader(os.Stdin).ReadString('\n')
	}
	in, out := make(chan int), make(chan int)
	begin := time.Now()
	done.Add(7)
	go fileSync(os.Args[1], &synced, &done)
	go nanosleeper(&slept, &done)
	go cSleeper(&inC, &done)
	go pipeReader(fds[0], &read, &done)
	go pipeWriter(fds[1], &done)
	go channelEcho(in, out, &done)
	go channelAsker(in, out, &done)
	time.Sleep(time.Duration(seconds * 1e9))
	atomic.StoreInt32(&stop, 1)
	done.Wait()
	synced.say("fileSync")
	slept.say("nanosleeper")
	inC.say("cSleeper")
	read.say("pipeReader")
	(&meter{1, int64(time.Since(begin))}).say("all")
	fmt.Println("done")
}
