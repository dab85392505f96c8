// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Waits of known number and length, one kind for each line on standard input. Says what it measured itself, in nanoseconds, and
// "done".
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

// Both sides wait once for each round trip, as there is one processor.
func pong(ping, pong chan int) {
	for v := range ping {
		pong <- v
	}
	close(pong)
}

func down(depth int, do func()) int {
	if depth == 0 {
		do()
		return 0
	}
	return down(depth-1, do) + 1
}

// So many round trips, each side below so many calls.
func pingPong(n, depth int) (took time.Duration) {
	a, b := make(chan int), make(chan int)
	go down(depth, func() { pong(a, b) })
	down(depth, func() {
		start := time.Now()
		for i := 0; i < n; i++ {
			a <- i
			<-b
		}
		took = time.Since(start)
	})
	close(a)
	<-b
	return took
}

func sleeper(n int, length time.Duration, done chan time.Duration) {
	start := time.Now()
	for i := 0; i < n; i++ {
		time.Sleep(length)
	}
	done <- time.Since(start)
}

func sleeps(n int, length time.Duration) time.Duration {
	done := make(chan time.Duration)
	go sleeper(n, length, done)
	return <-done
}

var lock sync.Mutex

func locker(n int, done chan time.Duration, turn chan int) {
	var waited time.Duration
	for i := 0; i < n; i++ {
		<-turn
		start := time.Now()
		lock.Lock()
		waited += time.Since(start)
		lock.Unlock()
		turn <- i
	}
	done <- waited
}

// Another one waits n times for a lock that is held for so long.
func locks(n int, length time.Duration) time.Duration {
	done, turn := make(chan time.Duration), make(chan int)
	go locker(n, done, turn)
	for i := 0; i < n; i++ {
		lock.Lock()
		turn <- i
		time.Sleep(length)
		lock.Unlock()
		<-turn
	}
	return <-done
}

func reader(c net.Conn, done chan time.Duration) {
	var waited time.Duration
	b := make([]byte, 1)
	for {
		start := time.Now()
		if n, _ := c.Read(b); n == 0 {
			break
		}
		waited += time.Since(start)
	}
	done <- waited
}

// Another one waits n times for a byte, for so long.
func reads(n int, length time.Duration) time.Duration {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	done := make(chan time.Duration)
	to, err := net.Dial("tcp", l.Addr().String())
	check(err)
	from, err := l.Accept()
	check(err)
	go reader(from, done)
	for i := 0; i < n; i++ {
		time.Sleep(length)
		_, err = to.Write([]byte{1})
		check(err)
	}
	to.Close()
	l.Close()
	return <-done
}

// A stack that has to grow, over and over, up to the place where it waits.
func deep(n int, c chan int) int {
	var room [64]byte
	room[n%64] = byte(n)
	if n == 0 {
		return <-c + int(room[0])
	}
	return deep(n-1, c) + int(room[(n+1)%64])
}

func deeps(n int) time.Duration {
	start := time.Now()
	for i := 0; i < n; i++ {
		c, done := make(chan int), make(chan int, 1)
		go func(depth int) {
			deep(depth, c)
			done <- 1
		}(1 + i*37%2000)
		for k := 0; k < 4; k++ {
			runtime.Gosched() // until it waits
		}
		c <- 0
		<-done
	}
	return time.Since(start)
}

func buried(n int) int {
	var room [8]byte
	room[n%8] = byte(n)
	if n == 0 {
		select {}
	}
	return buried(n-1) + int(room[(n+1)%8])
}

// The stack check of gopark itself fails in some of them: nothing is called before it that needs more.
func burials(n int) time.Duration {
	start := time.Now()
	for i := 0; i < n; i++ {
		go buried(i)
		runtime.Gosched()
	}
	return time.Since(start)
}

func busy(n int) {
	for {
		pingPong(n, 0)
	}
}

func recur() {
	for {
		deeps(50)
		time.Sleep(time.Millisecond)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	in := bufio.NewScanner(os.Stdin)
	fmt.Println("ready 0")
	for in.Scan() {
		var word string
		var n, ms int
		var took time.Duration
		fmt.Sscan(in.Text()+" 0 0", &word, &n, &ms)
		length := time.Duration(ms) * time.Millisecond
		switch strings.TrimSpace(word) {
		case "pingpong":
			took = pingPong(n, ms)
		case "sleeps":
			took = sleeps(n, length)
		case "locks":
			took = locks(n, length)
		case "reads":
			took = reads(n, length)
		case "deeps":
			took = deeps(n)
		case "profile": // into the file named on the command line
			f, err := os.Create(os.Args[1])
			check(err)
			check(pprof.StartCPUProfile(f))
		case "profiled":
			pprof.StopCPUProfile()
		case "burials":
			took = burials(n)
		case "busy":
			go busy(n)
		case "recur":
			go recur()
		}
		fmt.Printf("%d\ndone\n", took.Nanoseconds())
	}
}
