/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Debug files from servers, asked by build id, where DEBUGINFOD_URLS names any. The library is not linked but looked for at the
 * first need: it brings an HTTP client along, which a tracer has no use for otherwise. It caches what it fetched, and what
 * it didn't find, in files of its own.
 */
#ifndef BASE_OS_DEBUGINFOD_H
#define BASE_OS_DEBUGINFOD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fetches the debug file of a build id; may take as long as DEBUGINFOD_TIMEOUT says (90 s without progress). The open file, the
 * caller's; -ENOENT: no server has it; -ENOTSUP: none is named, or libdebuginfod.so.1 is not there; -errno.
 */
int os_debuginfod_find(const uint8_t *build_id, size_t len);
/* Could servers be asked? 0; -ENOENT: DEBUGINFOD_URLS names none; -ENOTSUP: there is no libdebuginfod.so.1. Asks none. */
int os_debuginfod_ready(void);

#endif
