/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The model: everything known about the traced machine, kept up to date by events. All analyses read it;
 * one thread owns it.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/strtab.h"
#include "model/event.h"
#include "model/image.h"
#include "model/labels.h"
#include "model/ledger.h"
#include "model/lock.h"
#include "model/module.h"
#include "model/stack.h"
#include "model/thread.h"
#include "model/wait_reason.h"

#define MODEL_MAX_NOTES 1024

struct model_note {
	uint32_t key, value; /* string ids */
};

struct model {
	struct module_table modules;
	struct image_table images;
	struct stack_table stacks;
	struct thread_table threads;
	struct lock_table locks;
	struct wait_reason_table wait_reasons;
	struct label_table labels;
	struct ledger ledger;
	struct strtab strings;
	struct model_note *notes; /* of WIRE_META records, in order of arrival */
	size_t note_cnt, note_cap;
	struct wire_window start, end; /* zero until they come */
	uint32_t kernel_module;	       /* id, 0 until it comes */
	bool has_jitdump;	       /* some image has */
};

/* 0 or -ENOMEM. */
int model__init(struct model *m);
void model__fini(struct model *m);
/*
 * Takes an event of any kind; closed intervals are the analyses' business and ignored here. At
 * WIRE_ROUND the pending stacks are resolved, with @refresh as in stack.h. 0, -EBADMSG (an event that
 * contradicts what came before), -ENOMEM, -E2BIG.
 */
int model__apply(struct model *m, const struct event *e, image_refresh_fn refresh,
		 void *refresh_arg);
/* The value of a note; "" when there is none. */
const char *model__note(const struct model *m, const char *key);
/*
 * The name of the process of a thread that has @name: that of its first thread, or @name's own where that thread is not
 * known.
 */
const char *model__process_name(const struct model *m, const struct thread_name *name);
/*
 * When the stacks of @iv are to be named as of: the moment it begins, if its process tells when code is made and
 * replaced (a jitdump); 0: whenever.
 */
uint64_t model__date(const struct model *m, const struct wire_interval *iv);
/* Length of the window, 0 while it is not complete. */
uint64_t model__window_ns(const struct model *m);

#endif
