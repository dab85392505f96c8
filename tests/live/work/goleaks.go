// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Two places that leak goroutines, and five that don't but look somewhat like it. Says "ready PID", then does what lines on stdin say, and
// answers each with a number and "done": "leak" begins all of them, "sent" and "chosen" are how many have leaked so far at each place,
// "detect" runs Go's own search for leaks where there is one (1), and "nil" begins two goroutines that can never be woken. When
// stdin ends main waits forever, as main may.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"os"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

const every = 400 * time.Millisecond // that the leaks get worse

var (
	sent, chosen int64
	jobs         = make(chan int)
	more         = make(chan int)
	rare         = make(chan int)
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// Who asked has given up: nobody receives.
func answer(to chan<- int) {
	to <- 1
}

// Gives up before the answer comes, always.
func ask() {
	to, late := make(chan int), make(chan struct{})
	go func() {
		<-late
		answer(to)
	}()
	close(late)
	atomic.AddInt64(&sent, 1)
}

func choose(stop <-chan struct{}, result chan<- int) {
	select {
	case <-stop:
	case result <- 1:
	}
}

func leakSends() {
	for {
		ask()
		time.Sleep(every)
	}
}

func leakSelects() {
	for {
		go choose(make(chan struct{}), make(chan int))
		atomic.AddInt64(&chosen, 1)
		time.Sleep(every)
	}
}

// ---- what doesn't leak ----

func work(from <-chan int) {
	for range from {
		time.Sleep(time.Millisecond)
	}
}

// 50 from the beginning on, of which few ever get something to do.
func constantPool() {
	for i := 0; i < 50; i++ {
		go work(jobs)
	}
	for {
		jobs <- 1
		time.Sleep(50 * time.Millisecond)
	}
}

// 30, one after the other, within three seconds; then it is full, and there is nothing to do.
func growingPool() {
	for i := 0; i < 30; i++ {
		go work(more)
		time.Sleep(100 * time.Millisecond)
	}
}

func serve(c net.Conn) {
	io.Copy(c, c)
}

// 40 connections that are kept, with nothing on them.
func idleConnections() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			c, err := l.Accept()
			check(err)
			go serve(c)
		}
	}()
	for i := 0; i < 40; i++ {
		c, err := net.Dial("tcp", l.Addr().String())
		check(err)
		go io.Copy(ioutil.Discard, c)
	}
}

// 40 at once that live for some hundredths of a second, again and again.
func bursts() {
	for {
		for i := 0; i < 40; i++ {
			go func() { <-time.After(30 * time.Millisecond) }()
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// About 20 that come and go.
func comeAndGo() {
	for i := 0; ; i++ {
		go func(ms time.Duration) {
			select {
			case <-rare:
			case <-time.After(ms * time.Millisecond):
			}
		}(time.Duration(i*7919%1200) + 300)
		time.Sleep(45 * time.Millisecond)
	}
}

func leak() {
	go leakSends()
	go leakSelects()
	go constantPool()
	go growingPool()
	go bursts()
	go comeAndGo()
	idleConnections()
}

func detect() int {
	p := pprof.Lookup("goroutineleak")
	if p == nil {
		return 0
	}
	check(p.WriteTo(ioutil.Discard, 1))
	return 1
}

func receiveNil() { var c chan int; <-c }
func wait()       { select {} }

func main() {
	go time.Sleep(time.Hour) // or the runtime finds that all are asleep, and ends the program
	fmt.Println("ready", os.Getpid())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n := 0
		switch lines.Text() {
		case "leak":
			leak()
		case "detect":
			n = detect()
		case "nil":
			go receiveNil()
			go wait()
		case "sent":
			n = int(atomic.LoadInt64(&sent))
		case "chosen":
			n = int(atomic.LoadInt64(&chosen))
		}
		fmt.Printf("%d\ndone\n", n)
	}
	select {}
}
