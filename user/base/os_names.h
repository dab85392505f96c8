/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Directories that a user named, to look for files in them: links are followed. */
#ifndef BASE_OS_NAMES_H
#define BASE_OS_NAMES_H

/*
 * Calls @fn for each name in the directory @path, whatever it is of, in no order, "." and ".." aside. Ends early with the first value
 * that is not 0. 0, that value, or -errno.
 */
int os_each_name(const char *path, int (*fn)(void *arg, const char *name), void *arg);

#endif
