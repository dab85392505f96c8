/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Groups of processes for which metrics are counted apart: by name, cgroup, container or pod. There are never more than a
 * fixed number, whatever the machine runs, because each is series at every server that ever scrapes.
 *
 *   groups__init -> groups__get for every wait -> groups__retire before every exposition -> groups__fini
 *
 * The first ones that come get a slot; when all are taken the rest is counted in `other`, slot 0, and as overflow. What was
 * counted once for a group stays there: nothing moves between labels, and nothing goes down. So a slot is given to another
 * group only when its own one was idle for GROUPS_IDLE_NS and at least one exposition has gone by without it:
 *
 *            groups__get             groups__retire: idle        the next groups__retire
 *   FREE ---------------> USED ---------------------------> RETIRED ---------------------> FREE
 *
 * What a retired group had counted goes to `retired`, a family of its own. Hence, at any moment,
 *
 *   all groups that are shown + other + retired = the host's totals
 *
 * A group that comes back after it was retired begins at 0, in a series that was gone for a while, as after a restart.
 */
#ifndef ANALYZE_GROUPS_H
#define ANALYZE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/go_thread_class.h"
#include "model/reason.h"
#include "wire.h"

/* id, name, the labels, help */
#define GROUP_BY_LIST(X)                                                                \
	X(NONE, "none", NULL, NULL, "no groups")                                        \
	X(COMM, "comm", "comm", NULL, "the name of the thread")                         \
	X(CGROUP, "cgroup", "cgroup", NULL, "the path of its cgroup")                   \
	X(CONTAINER, "container", "container_id", NULL, "the container, by its cgroup") \
	X(POD, "pod", "pod_uid", "container_id", "the pod and the container, by its cgroup")

enum group_by {
#define X(id, name, label, label2, help) GROUP_BY_##id,
	GROUP_BY_LIST(X)
#undef X
		GROUP_BY_CNT
};

/* "comm" */
const char *group_by_name(enum group_by by);
/* The name of a group's first or second (@i 1) label; NULL: it has none. */
const char *group_by_label(enum group_by by, unsigned int i);
/* 0 and *@ret, or -ENOENT. */
int group_by_parse(const char *name, enum group_by *ret);

#define GROUPS_DEFAULT_MAX 50 /* slots, the one of `other` included */
#define GROUPS_MAX	   1000
#define GROUPS_OTHER	   0 /* the slot */
#define GROUPS_IDLE_NS	   900000000000ull
#define GROUP_LABEL_LEN \
	512 /* bytes with the NUL; longer names are cut, and those that become equal are one group */
#define GROUP_LABEL2_LEN 72

/* Sums of nanoseconds outgrow 64 bits: see bounds.h. */
struct group_counts {
	unsigned __int128 blocked_ns[REASON_CNT];
	uint64_t block_cnt[REASON_CNT];
	unsigned __int128 runqueue_ns;
	/* Off the CPU, for whatever reason; 0: there was no thread of a Go program in it. */
	unsigned __int128 go_offcpu_ns[GO_THREAD_CLASS_CNT];
};

struct group {
	enum { GROUP_FREE, GROUP_USED, GROUP_RETIRED } state;
	uint64_t used_ns; /* when it last had a wait */
	uint64_t hash;	  /* of the labels */
	char label[GROUP_LABEL_LEN], label2[GROUP_LABEL2_LEN];
	struct group_counts counts;
};

/* Who waited, as its WIRE_THREAD says. */
struct group_member {
	const char *comm; /* its whole name */
	uint64_t cgroup_id;
	struct wire_image image;
};

/*
 * Writes the path of the member's cgroup, "/system.slice/cron.service". 0 or -errno: then its group is "[unknown]". For
 * os_cgroup__path(), through the owner.
 */
typedef int (*group_path_fn)(void *arg, const struct group_member *who, char *ret_path,
			     size_t size);

struct groups {
	enum group_by by;
	uint32_t max;	     /* slots */
	struct group *items; /* of them; 0 is `other` */
	struct group_counts retired;
	uint64_t overflow_cnt; /* waits counted in `other` because no slot was free */
	uint64_t retired_cnt;  /* groups */
	/* Where paths come from. */
	group_path_fn path;
	void *path_arg;
	bool by_image; /* a cgroup's id says nothing here: ask for each process, see os_cgroup.h */
	/* Which member is in which slot, for the few thousands seen last. */
	struct group_cached *cached;
	uint32_t generation; /* of what is cached */
};

/* @max: 2 to GROUPS_MAX. @path may be NULL unless @by is CGROUP, CONTAINER or POD. 0, -EINVAL, -ENOMEM. */
int groups__init(struct groups *g, enum group_by by, uint32_t max, group_path_fn path, void *arg,
		 bool by_image);
void groups__fini(struct groups *g);
/*
 * The slot to count a wait of @who in, at @now_ns on any clock that does not jump back. Usually one look into a table; a
 * member that was not seen lately costs a search and, by cgroup, reading its path.
 */
uint32_t groups__get(struct groups *g, const struct group_member *who, uint64_t now_ns);
/*
 * Where a wait of @who would be counted, without giving it a slot, keeping one for it, or counting an overflow: for who shows
 * groups.
 */
uint32_t groups__find(const struct groups *g, const struct group_member *who);
/* The two steps above. What is USED after it shall be shown. */
void groups__retire(struct groups *g, uint64_t now_ns);
/* How many are USED, `other` included. */
uint32_t groups__used_cnt(const struct groups *g);
/* A copy of what is shown: the slots and sums, nothing that groups__get() needs. groups__fini(). 0 or -ENOMEM. */
int groups__copy(const struct groups *g, struct groups *ret);

#endif
