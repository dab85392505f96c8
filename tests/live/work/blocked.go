// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// blocked ROUNDS: a goroutine waits for another one's bytes in a pipe and then sleeps, in system calls, ROUNDS times. It
// speaks with its test as work.h says. Built with cgo_wait.go it also sleeps in a function of C each time.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

var there, back [2]int

// In C, if there is C.
var waitInC = func() {}

func die(what string, err error) {
	fmt.Fprintln(os.Stderr, what, err)
	os.Exit(99)
}

// Small enough to be inlined.
func readByte(fd int, b []byte) (int, error) {
	return syscall.Read(fd, b)
}

//go:noinline
func waitForByte(fd int) {
	var b [1]byte
	if n, err := readByte(fd, b[:]); n != 1 {
		die("read", err)
	}
}

func nap(ts *syscall.Timespec) {
	syscall.Nanosleep(ts, nil)
}

//go:noinline
func sleepALittle() {
	ts := syscall.Timespec{Nsec: 3000000}
	nap(&ts)
}

// A method with a type argument would be nicer, but older versions of Go have none.
type asker struct {
	rounds int
}

//go:noinline
func (a *asker) ask() {
	for i := 0; i < a.rounds; i++ {
		syscall.Write(there[1], []byte("x"))
		waitForByte(back[0])
		sleepALittle()
		waitInC()
	}
}

func answer() {
	runtime.LockOSThread()
	var b [1]byte
	for {
		if n, _ := syscall.Read(there[0], b[:]); n != 1 {
			return
		}
		time.Sleep(3 * time.Millisecond)
		syscall.Write(back[1], b[:])
	}
}

func main() {
	// The goroutine is its thread, so that a stack of the thread is one of the goroutine.
	runtime.LockOSThread()
	rounds, _ := strconv.Atoi(os.Args[1])
	if syscall.Pipe(there[:]) != nil || syscall.Pipe(back[:]) != nil {
		os.Exit(99)
	}
	go answer()
	in := bufio.NewReader(os.Stdin)
	fmt.Println("ready", os.Getpid())
	in.ReadString('\n')
	(&asker{rounds}).ask()
	fmt.Println("done")
	in.ReadString('\n')
}
