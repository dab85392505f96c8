// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// A service whose goroutines are known. Arguments: how many of each kind. Says "ready PID"; then to a line on stdin "done":
//
//	"exec"     it becomes a new process of the same program
//	"more N"   that many more goroutines that sleep
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	never = make(chan int)
	mutex sync.Mutex
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func sleep()   { time.Sleep(time.Hour) }
func receive() { <-never }
func lock()    { mutex.Lock() }
func naps()    { nap(700 * time.Millisecond) }
func nap(d time.Duration) {
	for {
		time.Sleep(d)
	}
}

func deep(n int) {
	if n > 0 {
		deep(n - 1)
		return
	}
	<-never
}

func deeper() { deep(12) }

// 1,000 times a second, out of step with anything.
func often() {
	for {
		time.Sleep(time.Millisecond)
	}
}

func spawn(n int, f func()) {
	for i := 0; i < n; i++ {
		go f()
	}
}

func main() {
	kinds := map[string]func(){"sleep": sleep, "receive": receive, "lock": lock, "naps": naps, "deep": deeper, "often": often}
	mutex.Lock()
	for _, arg := range os.Args[1:] {
		words := strings.Split(arg, "=")
		spawn(number(words[1]), kinds[words[0]])
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready", os.Getpid())
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		words := strings.Fields(in.Text())
		switch words[0] {
		case "exec":
			check(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
		case "more":
			spawn(number(words[1]), sleep)
			time.Sleep(100 * time.Millisecond)
		}
		fmt.Println("done")
	}
}
