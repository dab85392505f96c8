/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stacks: 64-bit ids (a hash made where the stack was walked) -> frames. Raw addresses are turned into
 * (module, offset) once per stack, when all of a poll round was read (the mapping of an address may
 * arrive on another ring than the stack).
 */
#ifndef MODEL_STACK_H
#define MODEL_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/image.h"
#include "wire.h"

#define STACK_MAX_CNT (1u << 22)

/* Frames that are not code: module 0, the offset says which. */
enum frame_special {
	FRAME_UNKNOWN = 0,   /* address in no mapping */
	FRAME_EXITED = 1,    /* the process was gone before its mappings could be read */
	FRAME_TRUNCATED = 2, /* the walk stopped at the depth limit; outermost frame */
	FRAME_ENDED = 16, /* + enum wire_stack_end: why the walk could not go on; outermost frame */
};

/* What such a frame is called: "[unknown]", "[unwind: no rows]"... */
const char *frame_special_name(uint64_t which);

/*
 * A normalised frame. For files the offset is a file offset, for the kernel an address, for the vdso an
 * offset in its image. It lies inside the calling instruction: 1 was subtracted from return addresses, unless the stack
 * said WIRE_STACK_EXACT.
 *
 * In memory without a file it is an address. Code there may be replaced by other code; once a frame's time is
 * known (symbolizer__date()), the bits above FRAME_ADDR_BITS say which of those that were there in turn it is in.
 */
#define FRAME_ADDR_BITS 48
struct frame {
	uint32_t module; /* id; 0: special */
	uint64_t offset;
};

struct stack {
	uint64_t id;
	uint64_t time_ns;	 /* of its definition */
	struct wire_image image; /* zero for kernel stacks */
	uint16_t kind;		 /* enum wire_stack_kind */
	uint16_t frame_cnt;
	uint8_t end;	  /* enum wire_stack_end */
	uint8_t resolved; /* frames are valid, else ips */
	uint8_t exact;	  /* WIRE_STACK_EXACT */
	uint8_t go;	  /* enum wire_go_class */
	uint8_t created;  /* WIRE_STACK_CREATED */
	uint16_t
		creator; /* once resolved: 1 + position of the frame that is no call but where a goroutine was created; 0: none */
	uint32_t used;	 /* the table's generation when it was last wanted */
	union {
		uint64_t *ips;	      /* raw, innermost first */
		struct frame *frames; /* innermost first */
	};
};

struct stack_table {
	struct stack *items;
	size_t cnt, cap;
	size_t first_pending;	/* all items before it are resolved */
	uint32_t generation;	/* see stack_table__use() */
	uint32_t python_module; /* id of the one that frames of Python are in; 0: there are none */
	struct hash_index index;
};

void stack_table__init(struct stack_table *t);
void stack_table__fini(struct stack_table *t);
/* Adds a definition; one with a known id is ignored. 0, -ENOMEM, -E2BIG. */
int stack_table__define(struct stack_table *t, const struct wire_stack *def);
/* NULL for an unknown id. Valid until the next define. */
const struct stack *stack_table__find(const struct stack_table *t, uint64_t id);

/*
 * For runs without an end: a stack counts as used in the generation in which it was defined (also again) or this was called.
 * Unknown ids are ignored.
 */
void stack_table__use(struct stack_table *t, uint64_t id);
/* Removes the stacks that were not used in this generation. 0 or -ENOMEM: then none was. */
int stack_table__sweep(struct stack_table *t);

/*
 * Called for an image in which an address was found in no mapping: read its mappings again (they are
 * added to the table) and return 1, or 0 when that is not possible (any more).
 */
typedef int (*image_refresh_fn)(void *arg, const struct wire_image *image);

/*
 * Asks @refresh (may be NULL), at most once per image and call, for the mappings of images in which an address
 * of a pending stack lies in no mapping. Then resolves the pending stacks that were defined before
 * @before_ns: user addresses through @images, kernel addresses through the image that is all zero, which is the kernel's
 * memory where it has several modules, and what lies in none of its mappings, or if there is none, to @kernel_module. What such a stack needs (its
 * process's fork) was written before it, so a reader that began to read all rings at @before_ns has it; of a
 * younger one it may still lie in a ring that was read early. 0 or -ENOMEM, or the error of @refresh.
 */
int stack_table__resolve(struct stack_table *t, struct image_table *images, uint32_t kernel_module,
			 uint64_t before_ns, image_refresh_fn refresh, void *refresh_arg);

#endif
