// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

//go:build !go1.18
// +build !go1.18

package main

func moreCode() {}
