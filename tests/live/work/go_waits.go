// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Waits whose lengths are known: each kind adds up how long it waited by the program's own clock and says so at the end.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"
)

var spent [4]int64
var names = [4]string{"main.sleeper", "main.receiver", "main.locker", "main.reader"}
var counts [4]int64

func account(kind int, start time.Time) {
	atomic.AddInt64(&spent[kind], int64(time.Since(start)))
	atomic.AddInt64(&counts[kind], 1)
}

//go:noinline
func sleeper() {
	for {
		start := time.Now()
		time.Sleep(7 * time.Millisecond)
		account(0, start)
	}
}

//go:noinline
func receiver(c chan int) {
	for {
		start := time.Now()
		<-c
		account(1, start)
	}
}

func sender(c chan int) {
	for {
		time.Sleep(11 * time.Millisecond)
		c <- 1
	}
}

//go:noinline
func locker(m *sync.Mutex) {
	for {
		start := time.Now()
		m.Lock()
		account(2, start)
		m.Unlock()
		time.Sleep(time.Millisecond)
	}
}

func holder(m *sync.Mutex) {
	for {
		m.Lock()
		time.Sleep(13 * time.Millisecond)
		m.Unlock()
		time.Sleep(2 * time.Millisecond)
	}
}

//go:noinline
func reader(c net.Conn) {
	b := make([]byte, 1)
	for {
		start := time.Now()
		if n, err := c.Read(b); n != 1 || err != nil {
			panic(err)
		}
		account(3, start)
	}
}

func writer(c net.Conn) {
	for {
		time.Sleep(9 * time.Millisecond)
		c.Write([]byte{1})
	}
}

func forever() {
	select {}
}

// Of a request, as libraries for tracing mark them; its child inherits the labels.
//
//go:noinline
func request(c chan int) {
	labels := pprof.Labels("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736", "span_id", "00f067aa0ba902b7", "reason", "its own")
	pprof.Do(context.Background(), labels, func(context.Context) {
		go query(c)
		<-c
	})
}

//go:noinline
func query(c chan int) {
	<-c
}

func pair() (net.Conn, net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	out, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	in, err := l.Accept()
	if err != nil {
		panic(err)
	}
	return in, out
}

func main() {
	var m sync.Mutex
	c := make(chan int)
	in, out := pair()
	go sleeper()
	go receiver(c)
	go sender(c)
	go locker(&m)
	go holder(&m)
	go reader(in)
	go writer(out)
	go forever()
	go request(make(chan int))
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		for i, name := range names {
			fmt.Println(name, atomic.LoadInt64(&spent[i]), atomic.LoadInt64(&counts[i]))
		}
		fmt.Println("done")
	}
}
