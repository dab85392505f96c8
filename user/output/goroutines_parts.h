/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Members of JSON objects that several views of goroutines have. */
#ifndef OUTPUT_GOROUTINES_PARTS_H
#define OUTPUT_GOROUTINES_PARTS_H

#include "analyze/go_table.h"
#include "format/go_sched.h"
#include "output/json_writer.h"

/* "function", and "file" and "line" if they are known. */
void goroutines_json_place(struct json *j, const struct go_line *line);
/* One function of a stack, an object: a go_line_fn over a struct json. */
int goroutines_json_frame(void *json, const struct go_line *line);
/* "stack_is_whole" and "stack", if there is one. 0 or -errno. */
int goroutines_json_stack(struct json *j, const struct go_look *look, uint32_t number,
			  bool runtime);
/* The member "scheduler". Its numbers are since the program began. */
void goroutines_json_scheduler(struct json *j, const struct go_sched_stats *s);

#endif
