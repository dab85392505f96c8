// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// A server and its clients as fast as they can, goroutines whose stacks grow and shrink, and a garbage collector that never rests: what
// is hardest to read while it runs. Writes how many requests were answered when its input ends.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

var answered int64

func grow(depth int, wait time.Duration) byte {
	var frame [512]byte

	frame[depth%len(frame)] = byte(depth)
	if depth == 0 {
		time.Sleep(wait)
		return frame[0]
	}
	return grow(depth-1, wait) + frame[(depth*7)%len(frame)]
}

func breathe(n int) {
	for i := n; ; i++ {
		grow(i%60, time.Millisecond)
		grow(0, 2*time.Millisecond)
	}
}

func spawn() {
	for {
		done := make(chan bool)
		for i := 0; i < 20; i++ {
			go func(i int) {
				grow(i, time.Millisecond)
				done <- true
			}(i)
		}
		for i := 0; i < 20; i++ {
			<-done
		}
	}
}

func client(url string) {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2}}
	for {
		if r, err := c.Get(url); err == nil {
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
			atomic.AddInt64(&answered, 1)
		}
	}
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }))
	for i := 0; i < 20; i++ {
		go client("http://" + l.Addr().String())
		go breathe(i)
	}
	go spawn()
	go func() {
		for {
			runtime.GC()
			time.Sleep(5 * time.Millisecond)
		}
	}()
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	fmt.Println(atomic.LoadInt64(&answered))
}
