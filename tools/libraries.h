/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Libraries that the program can be built without. */
#ifndef TOOLS_LIBRARIES_H
#define TOOLS_LIBRARIES_H

#include "app/doctor.h"

#define LIBRARIES_MAX 8

/* Those that this one was built without; how many. */
size_t libraries_missing(struct doctor_library ret[LIBRARIES_MAX]);

#endif
