// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// profiles FOLDER: waits for locks and channels, computes, and writes what Go's own profiles say of it: block.pb.gz, mutex.pb.gz and
// cpu.pb.gz.
package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var sink int

func compute(until time.Time) {
	for time.Now().Before(until) {
		for i := 0; i < 10000; i++ {
			sink += i * i
		}
	}
}

func holdLock(mu *sync.Mutex, done *sync.WaitGroup) {
	for i := 0; i < 20; i++ {
		mu.Lock()
		time.Sleep(time.Millisecond)
		mu.Unlock()
	}
	done.Done()
}

func waitChannel(c chan int) int {
	return <-c
}

func create(folder, name string) *os.File {
	f, err := os.Create(filepath.Join(folder, name))
	if err != nil {
		panic(err)
	}
	return f
}

func main() {
	folder := os.Args[1]
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	cpu := create(folder, "cpu.pb.gz")
	if err := pprof.StartCPUProfile(cpu); err != nil {
		panic(err)
	}
	var mu sync.Mutex
	var done sync.WaitGroup
	for i := 0; i < 4; i++ {
		done.Add(1)
		go holdLock(&mu, &done)
	}
	c := make(chan int)
	go func() {
		time.Sleep(50 * time.Millisecond)
		c <- 1
	}()
	waitChannel(c)
	compute(time.Now().Add(400 * time.Millisecond))
	done.Wait()
	pprof.StopCPUProfile()
	cpu.Close()
	for _, name := range []string{"block", "mutex"} {
		f := create(folder, name+".pb.gz")
		if err := pprof.Lookup(name).WriteTo(f, 0); err != nil {
			panic(err)
		}
		f.Close()
	}
}
