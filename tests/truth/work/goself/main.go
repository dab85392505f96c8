// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// goself prints what Go's own runtime says of every 7th byte of this program's code:
//
//	file offset TAB function TAB file TAB line TAB function TAB ...      innermost first
//
// An address that no function of Go's table covers stands alone. Left out is the last byte of a function:
// runtime.CallersFrames takes the address behind a call, which would be the next function's.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/ioutil"
	"net"
	"os"
	"regexp"
	"runtime"
	"sort"
	"strings"
	_ "unsafe" // for linkname
)

const step = 7

// What the profiler of Go itself asks for the functions that were inlined at an address behind a call, since Go 1.15.
//
//go:linkname expand runtime/pprof.runtime_expandFinalInlineFrame
func expand(stack []uintptr) []uintptr

type mapping struct {
	start, end, off uintptr
}

// Executable mappings of this program.
func code() (found []mapping) {
	self, _ := os.Readlink("/proc/self/exe")
	maps, err := ioutil.ReadFile("/proc/self/maps")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(maps), "\n") {
		var m mapping
		var flags string
		if !strings.HasSuffix(line, " "+self) {
			continue
		}
		fmt.Sscanf(line, "%x-%x %s %x", &m.start, &m.end, &flags, &m.off)
		if strings.Contains(flags, "x") {
			found = append(found, m)
		}
	}
	return found
}

func printFrames(w *bufio.Writer, stack []uintptr) {
	for _, pc := range stack {
		// One by one: given together, some versions take what is before for what was called.
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		file := frame.File
		if file == "" {
			file = "?"
		}
		fmt.Fprintf(w, "\t%s\t%s\t%d", frame.Function, file, frame.Line)
	}
}

func printAddress(w *bufio.Writer, pc, off uintptr) {
	if runtime.FuncForPC(pc) == nil {
		fmt.Fprintf(w, "%x\n", off)
		return
	}
	if next := runtime.FuncForPC(pc + 1); next == nil || next.Entry() == pc+1 {
		return
	}
	stack := []uintptr{pc + 1}
	frame, _ := runtime.CallersFrames(stack).Next()
	if frame.Line != 0 {
		// Elsewhere there is nothing to expand, and older versions end the program when asked.
		stack = expand(stack)
	}
	fmt.Fprintf(w, "%x", off)
	printFrames(w, stack)
	fmt.Fprintln(w)
}

// Code to look at: what is inlined into what, methods that need wrappers, closures.

type shape interface {
	area() int
}

type side int

type square struct {
	side
}

func (s side) length() int {
	return int(s)
}

func (s side) area() int {
	return s.length() * s.length()
}

type byArea []shape

func (b byArea) Len() int           { return len(b) }
func (b byArea) Less(i, j int) bool { return b[i].area() < b[j].area() }
func (b byArea) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

func largest(shapes ...shape) (result int) {
	sort.Sort(byArea(shapes))
	for _, s := range shapes {
		func() {
			if result < s.area() {
				result = s.area()
			}
		}()
	}
	return result
}

func someCode() {
	s := side(3)
	text, _ := json.Marshal(map[string]int{"largest": largest(s, &s, square{2}, &square{4})})
	if !regexp.MustCompile(`^{"largest":1[6]}$`).Match(text) {
		panic(string(text))
	}
	if net.ParseIP("127.0.0.1") == nil {
		panic("net")
	}
	moreCode()
}

func main() {
	someCode()
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer w.Flush()
	for _, m := range code() {
		for pc := m.start; pc < m.end; pc += step {
			printAddress(w, pc, pc-m.start+m.off)
		}
	}
}
