// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// goroutines N: N goroutines that wait, in eight places, and two that hand a token to and fro. For each line that it reads it writes how
// often that was done so far.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var (
	lock    sync.Mutex
	group   sync.WaitGroup
	cond    = sync.NewCond(&sync.Mutex{})
	waits   = []func(){
		func() { <-make(chan int) },
		func() { make(chan int) <- 1 },
		func() { select {} },
		func() { lock.Lock() },
		func() { group.Wait() },
		func() { time.Sleep(time.Hour) },
		func() { cond.L.Lock(); cond.Wait() },
		func() { <-time.After(time.Hour) },
	}
)

// Some frames below, so that a stack is no single one.
func deeper(depth int, wait func()) {
	if depth > 0 {
		deeper(depth-1, wait)
		return
	}
	wait()
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	lock.Lock()
	group.Add(1)
	for i := 0; i < n; i++ {
		go deeper(i%5, waits[i%8])
	}
	var rounds uint64
	to, fro := make(chan int), make(chan int)
	go func() {
		for x := range to {
			fro <- x
		}
	}()
	go func() {
		for {
			to <- 1
			<-fro
			atomic.AddUint64(&rounds, 1)
		}
	}()
	time.Sleep(time.Second)
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(atomic.LoadUint64(&rounds))
	}
}
