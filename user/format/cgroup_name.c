/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/cgroup_name.h"

#include <errno.h>
#include <string.h>

#define CONTAINER_ID_DIGITS (CONTAINER_ID_LEN - 1)
#define POD_UID_DIGITS	    32
#define POD_UID_CHARS	    (POD_UID_LEN - 1)

/* A piece of the path. */
struct piece {
	const char *s;
	size_t len;
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool piece__ends_with(const struct piece *p, const char *end)
{
	size_t len = strlen(end);

	return p->len >= len && !memcmp(p->s + p->len - len, end, len);
}

/* ---- containers ---- */

/* "docker-" and the like, "" too; what watches a container is not in it. */
static bool container_prefix(const struct piece *p)
{
	return !p->len || (p->s[p->len - 1] == '-' && !piece__ends_with(p, "conmon-"));
}

/* [PREFIX-]ID[.scope] */
static bool container_parse(struct piece p, char ret_id[CONTAINER_ID_LEN])
{
	struct piece prefix;

	if (piece__ends_with(&p, ".scope"))
		p.len -= strlen(".scope");
	if (p.len < CONTAINER_ID_DIGITS)
		return false;
	prefix = (struct piece){p.s, p.len - CONTAINER_ID_DIGITS};
	for (size_t i = prefix.len; i < p.len; i++)
		if (!is_hex(p.s[i]))
			return false;
	if (!container_prefix(&prefix))
		return false;
	memcpy(ret_id, p.s + prefix.len, CONTAINER_ID_DIGITS);
	ret_id[CONTAINER_ID_DIGITS] = '\0';
	return true;
}

/* ---- pods ---- */

/* A UUID of @len characters at @s, with '-' or '_'; static pods have a hash without. */
static bool pod_uid_parse(const char *s, size_t len, char ret_uid[POD_UID_LEN])
{
	size_t digits = 0;

	if (len != POD_UID_CHARS && len != POD_UID_DIGITS)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (len == POD_UID_CHARS && (i == 8 || i == 13 || i == 18 || i == 23)) {
			if (s[i] != '-' && s[i] != '_')
				return false;
			continue;
		}
		if (!is_hex(s[i]))
			return false;
		digits++;
	}
	for (size_t i = 0; i < len; i++)
		ret_uid[i] = s[i] == '_' ? '-' : s[i];
	ret_uid[len] = '\0';
	return digits == POD_UID_DIGITS;
}

/* [kubepods-[burstable-]]podUID[.slice] */
static bool pod_parse(struct piece p, char ret_uid[POD_UID_LEN])
{
	static const size_t lens[] = {POD_UID_CHARS, POD_UID_DIGITS};

	if (piece__ends_with(&p, ".slice"))
		p.len -= strlen(".slice");
	for (size_t i = 0; i < 2; i++) {
		size_t before = p.len - lens[i];
		struct piece head = {p.s, before};

		if (p.len < lens[i] || !piece__ends_with(&head, "pod") ||
		    (before > 3 && head.s[before - 4] != '-'))
			continue;
		if (pod_uid_parse(p.s + before, lens[i], ret_uid))
			return true;
	}
	return false;
}

/* ---- paths ---- */

/* Inner names count more than outer ones; a pod begins anew, since its containers are in it. */
static void cgroup_name_take(struct cgroup_name *n, struct piece p)
{
	char uid[POD_UID_LEN];

	if (pod_parse(p, uid)) {
		memcpy(n->pod_uid, uid, sizeof(uid));
		n->container_id[0] = '\0';
	} else {
		container_parse(p, n->container_id);
	}
}

static void cgroup_name_parse_piece(struct piece path, struct cgroup_name *ret)
{
	const char *end = path.s + path.len, *next;

	memset(ret, 0, sizeof(*ret));
	for (const char *at = path.s; at <= end; at = next + 1) {
		/* ':' where containerd was given systemd's way of naming and takes it for a path. */
		for (next = at; next < end && *next != '/' && *next != ':'; next++)
			;
		cgroup_name_take(ret, (struct piece){at, (size_t)(next - at)});
	}
}

void cgroup_name_parse(const char *path, struct cgroup_name *ret)
{
	cgroup_name_parse_piece((struct piece){path, strlen(path)}, ret);
}

/* ---- /proc/PID/cgroup ---- */

/* "4:cpu,memory:/path" */
struct proc_cgroup {
	struct piece controllers, path;
};

static bool proc_cgroup_line(const char *line, size_t len, struct proc_cgroup *ret)
{
	const char *first = memchr(line, ':', len), *end = line + len, *second;

	if (!first)
		return false;
	second = memchr(first + 1, ':', (size_t)(end - first - 1));
	if (!second || second + 1 == end || second[1] != '/')
		return false;
	ret->controllers = (struct piece){first + 1, (size_t)(second - first - 1)};
	ret->path = (struct piece){second + 1, (size_t)(end - second - 1)};
	return true;
}

static bool proc_cgroup_is(const struct proc_cgroup *c, const char *controller)
{
	const char *p = c->controllers.s, *end = p + c->controllers.len, *comma;
	size_t len = strlen(controller);

	for (; p <= end; p = comma + 1) {
		comma = memchr(p, ',', (size_t)(end - p));
		comma = comma ? comma : end;
		if ((size_t)(comma - p) == len && !memcmp(p, controller, len))
			return true;
	}
	return false;
}

/*
 * Of v1's hierarchies one that knows a container, else the first that has the process somewhere: systemd's, which has all that
 * it started, and those that runtimes use. The last one is v2's beside them.
 */
static unsigned int proc_cgroup_rank(const struct proc_cgroup *c)
{
	static const char *const order[] = {"", "cpu", "pids", "memory", "name=systemd"};
	unsigned int rank = 1;
	struct cgroup_name name;

	if (c->path.len == 1)
		return 0;
	for (unsigned int i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (proc_cgroup_is(c, order[i]))
			rank = i + 2;
	cgroup_name_parse_piece(c->path, &name);
	return name.container_id[0] ? rank + 10 : rank;
}

/* Does @a say more than @b? */
static bool proc_cgroup_better(const struct proc_cgroup *a, const struct proc_cgroup *b)
{
	return !b->path.len || proc_cgroup_rank(a) > proc_cgroup_rank(b);
}

int proc_cgroup_parse(const char *text, size_t len, bool v2, char *ret_path, size_t size)
{
	struct proc_cgroup best = {0}, c;
	const char *end = text + len, *next;

	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		next = next ? next : end;
		if (!proc_cgroup_line(text, (size_t)(next - text), &c) || (v2 && c.controllers.len))
			continue;
		if (proc_cgroup_better(&c, &best))
			best = c;
	}
	if (!best.path.len)
		return -ENOENT;
	if (best.path.len >= size)
		return -ENAMETOOLONG;
	memcpy(ret_path, best.path.s, best.path.len);
	ret_path[best.path.len] = '\0';
	return 0;
}
