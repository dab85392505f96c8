// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// 45 goroutines and more, one at least for each way to wait, and their traceback as Go's own runtime writes it. Says "ready PID";
// then to a line "dump" on stdin the traceback and a line "done"; to "grow N" that many more goroutines and "done"; to "exec"
// it becomes a new process of the same program.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	mutex    sync.Mutex
	readers  sync.RWMutex
	writers  sync.RWMutex
	never    = make(chan int)
	nobody   = make(chan int)
	nobody2  = make(chan int)
	full     = make(chan int, 1)
	cond     = sync.NewCond(new(sync.Mutex))
	group    sync.WaitGroup
	busy     int
	servants sync.WaitGroup
)

type server struct{ listener net.Listener }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func receive()      { <-never }
func send()         { full <- 1 }
func receiveNil()   { var c chan int; <-c }
func sendNil()      { var c chan int; c <- 1 }
func forever()      { select {} }
func lock()         { mutex.Lock() }
func lockRead()     { readers.RLock() }
func lockWrite()    { writers.Lock() }
func waitGroup()    { group.Wait() }
func sleepForLong() { time.Sleep(time.Hour) }

func choose() {
	select {
	case <-never:
	case nobody2 <- 2:
	}
}

func waitCond() {
	cond.L.Lock()
	cond.Wait()
}

func tick() {
	for range time.NewTicker(time.Hour).C {
	}
}

func readPipe(fd int) {
	var b [1]byte
	syscall.Read(fd, b[:])
}

func stayOnThread() {
	runtime.LockOSThread()
	<-never
}

func spin() {
	for {
		busy++
		if busy%1000 == 0 {
			runtime.Gosched()
		}
	}
}

func (s *server) accept() {
	for {
		c, err := s.listener.Accept()
		check(err)
		go s.serve(c)
	}
}

func (s *server) serve(c net.Conn) {
	servants.Done()
	b := make([]byte, 16)
	c.Read(b)
}

func produce(depth int) {
	if depth > 0 {
		produce(depth - 1)
		busy++
		return
	}
	nobody <- 1
}

type shape interface{ wait() }
type square struct{ c chan int }

func (s square) wait() { <-s.c }

func waitBy(s shape) { s.wait() }

// Its creator ends.
func orphan() {
	go func() { <-never }()
}

func start() {
	full <- 0
	mutex.Lock()
	readers.Lock()
	writers.RLock()
	group.Add(1)
	for _, f := range []func(){receive, receive, receive, send, receiveNil, sendNil, forever, choose, lock, lock, lockRead,
		lockWrite, waitGroup, waitCond, sleepForLong, sleepForLong, tick, tick, choose, forever, stayOnThread} {
		go f()
	}
	go waitBy(&square{never})
	go orphan()
	go spin()
	for i := 0; i < 2; i++ {
		fds := make([]int, 2)
		check(syscall.Pipe(fds))
		go readPipe(fds[0])
	}
	for i := 0; i < 7; i++ {
		go produce(i)
	}
}

func startServer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	servants.Add(8)
	go (&server{l}).accept()
	for i := 0; i < 4; i++ {
		c, err := net.Dial("tcp", l.Addr().String())
		check(err)
		go func(c net.Conn) {
			servants.Done()
			b := make([]byte, 16)
			c.Read(b)
		}(c)
	}
	servants.Wait()
}

func startSignals() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR2)
	go func() {
		for range c {
		}
	}()
}

func dump() {
	b := make([]byte, 8<<20)
	os.Stdout.Write(b[:runtime.Stack(b, true)])
	fmt.Println("\ndone")
}

func grow(n int) {
	for i := 0; i < n; i++ {
		go receive()
	}
	fmt.Println("done")
}

func main() {
	start()
	startServer()
	startSignals()
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready", os.Getpid())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "dump":
			dump()
		case "grow":
			n, err := strconv.Atoi(words[1])
			check(err)
			grow(n)
		case "exec":
			check(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
		}
	}
}
