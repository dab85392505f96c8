// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// goliar MODE ADDR: a Go program (1.17 to 1.22) that claims 2,097,152 goroutines, by putting a list of its own into runtime.allgs, whose
// address is ADDR:
//
//	overlapping  one at every eighth byte of a memory that holds nothing but plausible words
//	mapped       each apart, with a number of its own, in one piece of memory that is mapped many times
//
// The first and the last ones are good copies of a real one, for those who look whether a list is one. Says "ready PID", and waits for the end
// of stdin.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
)

const (
	count   = 1 << 21
	gBytes  = 512
	goodCnt = 80
	goidAt  = 152 // of runtime.g, 1.17 to 1.22
	copied  = 368
	piece   = 2 << 20
)

type slice struct{ data, len, cap uintptr }

// Its address, as a pointer that the compiler has no opinion of.
func at(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

func words(addr uintptr, cnt int) []uint64 { return unsafe.Slice((*uint64)(at(addr)), cnt) }

func mmap(addr uintptr, bytes int, flags, fd int) uintptr {
	got, _, err := syscall.Syscall6(syscall.SYS_MMAP, addr, uintptr(bytes), syscall.PROT_READ|syscall.PROT_WRITE,
		uintptr(flags), uintptr(fd), 0)
	if err != 0 {
		panic(err)
	}
	return got
}

func anonymous(bytes int) uintptr {
	return mmap(0, bytes, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE, -1)
}

// Copies of a goroutine, numbered from first on, gBytes from each other.
func copies(to uintptr, cnt int, of uintptr, first uint64) {
	for i := 0; i < cnt; i++ {
		g := to + uintptr(i*gBytes)
		copy(words(g, copied/8), words(of, copied/8))
		words(g, copied/8)[goidAt/8] = first + uint64(i)
	}
}

func overlapping(list []uint64) {
	slab := anonymous(count*8 + 4096)
	for i, all := 0, words(slab, count+512); i < len(all); i++ {
		all[i] = uint64(i+1)<<32 | 4 // as a status: it waits; as a stack: its end is behind its beginning
	}
	for i := range list {
		list[i] = uint64(slab) + uint64(i)*8
	}
}

func mapped(list []uint64, of uintptr) {
	name := []byte("g\x00")
	fd, _, err := syscall.Syscall(319, uintptr(unsafe.Pointer(&name[0])), 0, 0) // memfd_create
	if err != 0 {
		panic(err)
	}
	if err := syscall.Ftruncate(int(fd), piece); err != nil {
		panic(err)
	}
	each := piece / gBytes
	all := anonymous(count / each * piece)
	for i := 0; i < count/each; i++ {
		mmap(all+uintptr(i*piece), piece, syscall.MAP_SHARED|syscall.MAP_FIXED, int(fd))
	}
	copies(all, each, of, 1000)
	for i := range list {
		list[i] = uint64(all) + uint64(i)*gBytes
	}
}

func main() {
	addr, err := strconv.ParseUint(os.Args[2], 0, 64)
	if err != nil {
		panic(err)
	}
	debug.SetGCPercent(-1)
	allgs := (*slice)(at(uintptr(addr)))
	real := uintptr(words(allgs.data, 2)[1])
	data := anonymous(count * 8)
	list := words(data, count)
	if os.Args[1] == "mapped" {
		mapped(list, real)
	} else {
		overlapping(list)
	}
	good := anonymous(2 * goodCnt * gBytes)
	copies(good, 2*goodCnt, real, 1) // the first one ever is number 1
	for i := 0; i < goodCnt; i++ {
		list[i] = uint64(good) + uint64(i)*gBytes
		list[count-1-i] = uint64(good) + uint64(goodCnt+i)*gBytes
	}
	*allgs = slice{data, count, count}
	fmt.Println("ready", os.Getpid())
	os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}
