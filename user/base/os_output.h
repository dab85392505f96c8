/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef BASE_OS_OUTPUT_H
#define BASE_OS_OUTPUT_H

#include <stdint.h>

#include "base/os_file.h"

/*
 * What it will take, beyond who we are, to give a file that is being written its name: a mask of OS_CAP(). CAP_DAC_OVERRIDE: its
 * directory belongs to others, as with sudo in somebody's own; CAP_FOWNER: it replaces a file of others where only owners may remove
 * (/tmp). 0 for what has no name to get. The kernel is asked, in this thread, without these two.
 */
uint64_t os_output_capabilities(const struct atomic_file *f);

#endif
