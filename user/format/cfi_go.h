/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where stacks of goroutines end in programs of Go whose linker didn't write that into .debug_frame. */
#ifndef FORMAT_CFI_GO_H
#define FORMAT_CFI_GO_H

#include "format/cfi.h"

/*
 * Makes runtime.goexit, which every goroutine seems to have been called by, the outermost frame in @rows of the file @e. Up to Go 1.15
 * the rows say that it has a caller as other functions have, but above it lie the arguments of the goroutine's first function (src/
 * runtime/proc.go, newproc1()). From the form of 1.16 on, and for other files than Go's, nothing is done. 0 or -ENOMEM.
 */
int cfi_go__end_stacks(const struct elf *e, struct cfi_rows *rows);

#endif
