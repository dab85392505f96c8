// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

//go:build go1.18
// +build go1.18

// Functions with type arguments: their names hold them, and the runtime prints [...] instead.
package main

type number interface {
	~int | ~float64
}

type list[T any] struct {
	items []T
}

func (l *list[T]) add(item T) {
	l.items = append(l.items, item)
}

func (l *list[T]) each(f func(T)) {
	for _, item := range l.items {
		f(item)
	}
}

func sum[T number](items ...T) (result T) {
	var l list[T]
	for _, item := range items {
		l.add(item)
	}
	l.each(func(item T) { result += twice(item) })
	return result
}

func twice[T number](a T) T {
	return a + a
}

func moreCode() {
	if sum(1, 2, 3) != 12 || sum(0.5, 1.0) != 3 || sum[side](4) != 8 {
		panic("sum")
	}
}
