/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The options of dwell serve, and what can be told of them without running it. */
#ifndef TOOLS_SERVE_OPTIONS_H
#define TOOLS_SERVE_OPTIONS_H

#include "app/option.h"
#include "serve.h"

extern const struct option_def serve_options[];
extern const struct command_example serve_examples[];
extern const char serve_description[];

void serve_defaults(void *config);
/* Do the options of @config (struct serve_config) go together? 0, or -EINVAL with error_set(). */
int serve_check(const void *config);

#endif
