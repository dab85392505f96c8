/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "format/cgroup_name.h"
#include "model/sanitise.h"

#define GROUPS_CACHED	4096 /* a power of two */
#define GROUPS_PATH_LEN 4096
#define GROUPS_UNKNOWN	"[unknown]"

/* Where a member's waits go; valid while it has the generation of the groups. */
struct group_cached {
	uint64_t key[2];
	uint32_t generation; /* 0: never used */
	uint32_t slot;
	bool overflow;
};

static const struct {
	const char *name, *labels[2];
} group_bys[GROUP_BY_CNT] = {
#define X(id, name, label, label2, help) [GROUP_BY_##id] = {name, {label, label2}},
	GROUP_BY_LIST(X)
#undef X
};

const char *group_by_name(enum group_by by)
{
	return group_bys[by].name;
}

const char *group_by_label(enum group_by by, unsigned int i)
{
	return i < 2 ? group_bys[by].labels[i] : NULL;
}

int group_by_parse(const char *name, enum group_by *ret)
{
	for (int i = 0; i < GROUP_BY_CNT; i++) {
		if (strcmp(name, group_bys[i].name) != 0)
			continue;
		*ret = (enum group_by)i;
		return 0;
	}
	return -ENOENT;
}

/* ---- names ---- */

/* Both labels of a group, as they are shown. */
struct group_name {
	char label[GROUP_LABEL_LEN], label2[GROUP_LABEL2_LEN];
};

/* What is no text becomes text, and what is too long is cut between two characters. */
static void group_name_set(struct group_name *n, const char *raw)
{
	_cleanup_buf_ struct buf clean;
	size_t len;

	buf__init(&clean, 3 * GROUPS_PATH_LEN);
	if (sanitise_text(raw, &clean) || !clean.len)
		raw = GROUPS_UNKNOWN;
	else
		raw = clean.data;
	len = strlen(raw);
	if (len >= sizeof(n->label)) {
		len = sizeof(n->label) - 1;
		while (len && ((unsigned char)raw[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(n->label, raw, len);
	n->label[len] = '\0';
}

static void group_name_of_cgroup(enum group_by by, const char *path, struct group_name *n)
{
	struct cgroup_name parsed;

	if (by == GROUP_BY_CGROUP) {
		group_name_set(n, path);
		return;
	}
	cgroup_name_parse(path, &parsed);
	/* Empty labels: what runs in no container. */
	if (by == GROUP_BY_CONTAINER) {
		strcpy(n->label, parsed.container_id);
		return;
	}
	strcpy(n->label, parsed.pod_uid);
	strcpy(n->label2, parsed.container_id);
}

static void group_name_of(const struct groups *g, const struct group_member *who,
			  struct group_name *n)
{
	char path[GROUPS_PATH_LEN];

	n->label[0] = n->label2[0] = '\0';
	if (g->by == GROUP_BY_COMM)
		group_name_set(n, who->comm);
	else if (!g->path || g->path(g->path_arg, who, path, sizeof(path)))
		strcpy(n->label, GROUPS_UNKNOWN);
	else
		group_name_of_cgroup(g->by, path, n);
}

/* ---- slots ---- */

int groups__init(struct groups *g, enum group_by by, uint32_t max, group_path_fn path, void *arg,
		 bool by_image)
{
	if (max < 2 || max > GROUPS_MAX)
		return -EINVAL;
	*g = (struct groups){.by = by,
			     .max = max,
			     .path = path,
			     .path_arg = arg,
			     .by_image = by_image,
			     .generation = 1};
	g->items = calloc(max, sizeof(*g->items));
	g->cached = calloc(GROUPS_CACHED, sizeof(*g->cached));
	if (!g->items || !g->cached) {
		groups__fini(g);
		return -ENOMEM;
	}
	g->items[GROUPS_OTHER].state = GROUP_USED;
	strcpy(g->items[GROUPS_OTHER].label, "other");
	if (group_by_label(by, 1))
		strcpy(g->items[GROUPS_OTHER].label2, "other");
	return 0;
}

void groups__fini(struct groups *g)
{
	free(g->items);
	free(g->cached);
	*g = (struct groups){0};
}

static bool group_is(const struct group *group, uint64_t hash, const struct group_name *n)
{
	return group->hash == hash && !strcmp(group->label, n->label) &&
	       !strcmp(group->label2, n->label2);
}

static uint64_t group_name_hash(const struct group_name *n)
{
	return hash_mix(hash_bytes(n->label, strlen(n->label)),
			hash_bytes(n->label2, strlen(n->label2)));
}

/* Its own slot, or GROUPS_OTHER; *@ret_free: one that is free, or GROUPS_OTHER. */
static uint32_t groups_find_name(const struct groups *g, const struct group_name *n, uint64_t hash,
				 uint32_t *ret_free)
{
	*ret_free = GROUPS_OTHER;
	for (uint32_t i = GROUPS_OTHER + 1; i < g->max; i++) {
		if (g->items[i].state == GROUP_USED && group_is(&g->items[i], hash, n))
			return i;
		if (g->items[i].state == GROUP_FREE && *ret_free == GROUPS_OTHER)
			*ret_free = i;
	}
	return GROUPS_OTHER;
}

/* A slot for the name: its own, or a free one. GROUPS_OTHER: there is none, or it is itself called "other". */
static uint32_t groups_slot(struct groups *g, const struct group_name *n, bool *ret_overflow)
{
	uint64_t hash = group_name_hash(n);
	uint32_t slot, free_slot;

	*ret_overflow = false;
	if (!strcmp(n->label, g->items[GROUPS_OTHER].label))
		return GROUPS_OTHER;
	slot = groups_find_name(g, n, hash, &free_slot);
	if (slot != GROUPS_OTHER)
		return slot;
	*ret_overflow = free_slot == GROUPS_OTHER;
	if (*ret_overflow)
		return GROUPS_OTHER;
	g->items[free_slot] = (struct group){.state = GROUP_USED, .hash = hash};
	memcpy(g->items[free_slot].label, n->label, sizeof(n->label));
	memcpy(g->items[free_slot].label2, n->label2, sizeof(n->label2));
	return free_slot;
}

/* What tells members apart, for the cache. */
static void groups_key(const struct groups *g, const struct group_member *who, uint64_t key[2])
{
	char comm[2 * sizeof(uint64_t)] = {0};

	if (g->by == GROUP_BY_COMM && strlen(who->comm) > sizeof(comm)) {
		key[0] = hash_bytes(who->comm, strlen(who->comm));
		key[1] = hash_mix(hash_bytes(who->comm, sizeof(comm)), strlen(who->comm));
	} else if (g->by == GROUP_BY_COMM) {
		memcpy(comm, who->comm, strnlen(who->comm, sizeof(comm)));
		memcpy(key, comm, sizeof(comm));
	} else if (g->by_image) {
		key[0] = (uint64_t)who->image.pid << 32 | who->image.exec_id;
		key[1] = who->image.start_ns;
	} else {
		key[0] = who->cgroup_id;
		key[1] = 0;
	}
}

/* The place of a member in the cache. */
static struct group_cached *groups_cached(const struct groups *g, const uint64_t key[2])
{
	return &g->cached[hash_mix(key[0], key[1]) & (GROUPS_CACHED - 1)];
}

static bool groups_is_cached(const struct groups *g, const struct group_cached *cached,
			     const uint64_t key[2])
{
	return cached->generation == g->generation && cached->key[0] == key[0] &&
	       cached->key[1] == key[1];
}

uint32_t groups__get(struct groups *g, const struct group_member *who, uint64_t now_ns)
{
	struct group_cached *cached;
	struct group_name name;
	uint64_t key[2];

	if (g->by == GROUP_BY_NONE)
		return GROUPS_OTHER;
	groups_key(g, who, key);
	cached = groups_cached(g, key);
	if (!groups_is_cached(g, cached, key)) {
		group_name_of(g, who, &name);
		*cached =
			(struct group_cached){.key = {key[0], key[1]}, .generation = g->generation};
		cached->slot = groups_slot(g, &name, &cached->overflow);
	}
	g->overflow_cnt += cached->overflow;
	g->items[cached->slot].used_ns = now_ns;
	return cached->slot;
}

uint32_t groups__find(const struct groups *g, const struct group_member *who)
{
	const struct group_cached *cached;
	struct group_name name;
	uint32_t free_slot;
	uint64_t key[2];

	if (g->by == GROUP_BY_NONE)
		return GROUPS_OTHER;
	groups_key(g, who, key);
	cached = groups_cached(g, key);
	if (groups_is_cached(g, cached, key))
		return cached->slot;
	group_name_of(g, who, &name);
	return groups_find_name(g, &name, group_name_hash(&name), &free_slot);
}

/* ---- idle ones ---- */

static void group_counts_add(struct group_counts *to, const struct group_counts *from)
{
	for (int i = 0; i < REASON_CNT; i++) {
		to->blocked_ns[i] += from->blocked_ns[i];
		to->block_cnt[i] += from->block_cnt[i];
	}
	to->runqueue_ns += from->runqueue_ns;
	for (int i = 0; i < GO_THREAD_CLASS_CNT; i++)
		to->go_offcpu_ns[i] += from->go_offcpu_ns[i];
}

void groups__retire(struct groups *g, uint64_t now_ns)
{
	bool changed = false;

	for (uint32_t i = GROUPS_OTHER + 1; i < g->max; i++) {
		struct group *group = &g->items[i];

		if (group->state == GROUP_RETIRED) {
			*group = (struct group){.state = GROUP_FREE};
			changed = true;
		} else if (group->state == GROUP_USED && now_ns > group->used_ns &&
			   now_ns - group->used_ns > GROUPS_IDLE_NS) {
			group_counts_add(&g->retired, &group->counts);
			group->state = GROUP_RETIRED;
			g->retired_cnt++;
			changed = true;
		}
	}
	/* Members of those have no slot any more, and who had none may get one. */
	if (changed && !++g->generation)
		g->generation = 1;
}

uint32_t groups__used_cnt(const struct groups *g)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < g->max; i++)
		cnt += g->items[i].state == GROUP_USED;
	return cnt;
}

int groups__copy(const struct groups *g, struct groups *ret)
{
	struct group *items = malloc(g->max * sizeof(*items));

	if (!items)
		return -ENOMEM;
	memcpy(items, g->items, g->max * sizeof(*items));
	*ret = *g;
	ret->items = items;
	ret->cached = NULL;
	ret->path = NULL;
	ret->path_arg = NULL;
	return 0;
}
