// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Goroutines with labels of runtime/pprof, as a server has them that hands trace and span ids on. Says "ready PID"; then to a line
// "profile" on stdin its goroutine profile with labels (debug=1) and "done"; to "dump" its traceback and "done"; to "grow N" that many
// more goroutines, each with labels of its own, and "done"; to "churn N" that many that change their labels all the time, and "done".
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
)

var never = make(chan int)

func wait() { <-never }

func inherit(ctx context.Context) {
	go wait()
	pprof.Do(ctx, pprof.Labels("stage", "db"), func(context.Context) { <-never })
}

// A request: what it starts has its labels.
func request(trace, span, endpoint string) {
	ctx := pprof.WithLabels(context.Background(), pprof.Labels("trace_id", trace, "span_id", span, "endpoint", endpoint))
	pprof.SetGoroutineLabels(ctx)
	go wait()
	go inherit(ctx)
	<-never
}

// @cnt labels, put into the set one after another: maps have been growing then.
func many(cnt int) {
	ctx := context.Background()
	for i := 0; i < cnt; i++ {
		ctx = pprof.WithLabels(ctx, pprof.Labels(fmt.Sprintf("key%02d", i), fmt.Sprintf("value %d of %d", i, cnt)))
	}
	pprof.SetGoroutineLabels(ctx)
	<-never
}

// The same at once.
func manyAtOnce(cnt int) {
	var args []string
	for i := 0; i < cnt; i++ {
		args = append(args, fmt.Sprintf("key%02d", i), strconv.Itoa(i))
	}
	pprof.Do(context.Background(), pprof.Labels(args...), func(context.Context) { <-never })
}

func odd(value string) {
	pprof.Do(context.Background(), pprof.Labels("odd", value, "", "no key", "no value", ""), func(context.Context) { <-never })
}

func takenAway() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("gone", "yes")))
	pprof.SetGoroutineLabels(context.Background())
	<-never
}

func own(i int) {
	labels := pprof.Labels("trace_id", fmt.Sprintf("%032x", i), "span_id", fmt.Sprintf("%016x", i))
	pprof.Do(context.Background(), labels, func(context.Context) { <-never })
}

var begun = make(chan int)

// Both labels say the same in each set.
func churn(i int) {
	begun <- i
	for n := 0; ; n++ {
		s := strconv.Itoa(i) + "." + strconv.Itoa(n)
		pprof.Do(context.Background(), pprof.Labels("a", s, "b", s), func(context.Context) { runtime.Gosched() })
	}
}

func answer(line string) {
	n := 0
	if words := strings.Fields(line); len(words) == 2 {
		n, _ = strconv.Atoi(words[1])
	}
	switch strings.Fields(line)[0] {
	case "profile":
		pprof.Lookup("goroutine").WriteTo(os.Stdout, 1)
	case "dump":
		pprof.Lookup("goroutine").WriteTo(os.Stdout, 2)
	case "grow":
		for i := 0; i < n; i++ {
			go own(i)
		}
	case "churn":
		for i := 0; i < n; i++ {
			go churn(i)
			<-begun
		}
	}
	fmt.Println("done")
}

func main() {
	go wait()
	for i, endpoint := range []string{"/cart", "/checkout", "/cart"} {
		go request(fmt.Sprintf("4bf92f3577b34da6a3ce929d0e0e47%02x", i), fmt.Sprintf("00f067aa0ba902%02x", i), endpoint)
	}
	for _, cnt := range []int{1, 7, 8, 9, 13, 14, 20, 26, 27, 30, 32, 40, 200} {
		go many(cnt)
		go manyAtOnce(cnt)
	}
	for _, value := range []string{"naïve \"quoted\" \\ value", "two\nlines\tand a tab", strings.Repeat("x", 256), strings.Repeat("é", 200),
		"\U0001f600 ok", "\x7f\x01", "bad \xff byte"} {
		go odd(value)
	}
	go takenAway()
	fmt.Println("ready", os.Getpid())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		answer(in.Text())
	}
}
