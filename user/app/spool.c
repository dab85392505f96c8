/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/os_file.h"
#include "base/os_read.h"
#include "format/key_values.h"

#define SPOOL_LOCK	".writer.lock"
#define SPOOL_PATH_MODE 02750 /* of the directory above: the reader passes through */
#define BOOT_ID_FILE	"/proc/sys/kernel/random/boot_id"
#define BOOT_ID_BYTES	4096

/* Two words out of hex digits, with or without '-' between them. -EBADMSG when there are not 32. */
static int spool_parse_hex(const char *text, uint64_t ret_words[2])
{
	char hex[33];
	size_t cnt = 0;

	for (; *text && *text != '\n'; text++) {
		if (*text == '-')
			continue;
		if (cnt == sizeof(hex) - 1)
			return -EBADMSG;
		hex[cnt++] = *text;
	}
	hex[cnt] = '\0';
	if (cnt != sizeof(hex) - 1 || hex[strspn(hex, "0123456789abcdef")])
		return -EBADMSG;
	ret_words[1] = strtoull(hex + 16, NULL, 16);
	hex[16] = '\0';
	ret_words[0] = strtoull(hex, NULL, 16);
	return 0;
}

/* The first half of the key; where the kernel doesn't tell, as good as a new boot each time. */
static int spool_load_boot_id(struct spool *s)
{
	_cleanup_buf_ struct buf text = {.data = NULL};

	if (!os_read_file(BOOT_ID_FILE, BOOT_ID_BYTES, &text) &&
	    !spool_parse_hex(buf__str(&text), s->key))
		return 0;
	return os_random(s->key, 2 * sizeof(s->key[0]));
}

static void spool_raise_seq(struct spool *s, uint64_t used)
{
	if (used >= s->next_seq && used <= SPOOL_MAX_SEQ)
		s->next_seq = used + 1;
}

/* A file of "key value" lines in the directory; empty when there is none, or none that can be read. */
static int spool_read_file(struct spool *s, const char *name, struct key_values *ret)
{
	_cleanup_buf_ struct buf text = {.data = NULL};
	int err = os_dir_read(s->dir_fd, name, KEY_VALUES_MAX_BYTES, &text);

	if (err)
		key_values__init(ret);
	else
		err = key_values__parse(ret, buf__str(&text), text.len);
	return err == -ENOENT || err == -EBADMSG || err == -EINVAL || err == -E2BIG ? 0 : err;
}

/* What was used before: by what `seq` says, by what the reader acknowledged, by what is there. */
static int spool_load_seq(struct spool *s)
{
	_cleanup_key_values_ struct key_values seq = {0}, state = {0};
	struct spool_list list;
	uint64_t used;
	char id[SPOOL_ID_LEN] = "";
	int err = spool_read_file(s, SPOOL_SEQ_FILE, &seq);

	s->next_seq = 1;
	if (!err)
		err = spool_read_file(s, SPOOL_STATE_FILE, &state);
	if (!err && !key_values__get_u64(&seq, "next", &used) && used)
		spool_raise_seq(s, used - 1);
	if (!err && !key_values__get_u64(&state, "acked_seq", &used))
		spool_raise_seq(s, used);
	for (int i = -1; !err && i < SPOOL_ASIDE_CNT; i++) {
		err = spool_list__load(&list, i < 0 ? s->dir_fd : s->aside_fd[i]);
		if (!err && list.cnt)
			spool_raise_seq(s, list.items[list.cnt - 1].name.seq);
		spool_list__fini(&list);
	}
	if (err)
		return err;
	key_values__get(&seq, "id", id, sizeof(id));
	return spool_parse_hex(id, s->key + 2) ? os_random(s->key + 2, 2 * sizeof(s->key[0])) : 0;
}

/* On the disk before the number is used. */
static int spool_save_seq(struct spool *s)
{
	_cleanup_key_values_ struct key_values seq;
	_cleanup_dir_file_ struct dir_file f = {.fp = NULL};
	char id[SPOOL_ID_LEN];
	int err = dir_file__open(&f, s->dir_fd, SPOOL_SEQ_FILE, SPOOL_FILE_MODE);

	key_values__init(&seq);
	if (err)
		return err;
	snprintf(id, sizeof(id), "%016" PRIx64 "%016" PRIx64, s->key[2], s->key[3]);
	key_values__add_u64(&seq, "next", s->next_seq);
	key_values__add(&seq, "id", id);
	if (seq.text.err)
		return seq.text.err;
	fputs(buf__str(&seq.text), f.fp);
	return dir_file__commit(&f, true, NULL);
}

static int spool_remove_leftover(void *arg, const struct os_dir_entry *e)
{
	struct spool *s = arg;
	struct spool_name name;
	char text[NAME_MAX + 1];

	if (dir_file_is_tmp(e->name, text) && !spool_name__parse(&name, text) &&
	    !os_dir_remove(s->dir_fd, e->name))
		s->leftover_cnt++;
	return 0;
}

static int spool_open_dirs(struct spool *s, const char *dir, const char *target)
{
	int top_fd = os_dir_make(dir, SPOOL_PATH_MODE, s->opts.gid);

	if (top_fd < 0)
		return top_fd;
	s->dir_fd = os_dir_make_in(top_fd, target, SPOOL_DIR_MODE, s->opts.gid);
	os_close(top_fd);
	if (s->dir_fd < 0)
		return s->dir_fd;
	for (int i = 0; i < SPOOL_ASIDE_CNT; i++) {
		s->aside_fd[i] =
			os_dir_make_in(s->dir_fd, spool_aside_name(i), SPOOL_DIR_MODE, s->opts.gid);
		if (s->aside_fd[i] < 0)
			return s->aside_fd[i];
	}
	s->lock_fd = os_dir_lock(s->dir_fd, SPOOL_LOCK);
	return s->lock_fd < 0 ? s->lock_fd : 0;
}

static int spool_start(struct spool *s)
{
	int err = os_dir_each(s->dir_fd, spool_remove_leftover, s);

	if (!err)
		err = spool_load_boot_id(s);
	if (!err)
		err = spool_load_seq(s);
	return err ? err : spool__tidy(s);
}

struct spool *spool__open(const char *dir, const char *target, const struct spool_opts *opts)
{
	struct spool *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->opts = *opts;
	s->dir_fd = s->lock_fd = -1;
	for (int i = 0; i < SPOOL_ASIDE_CNT; i++)
		s->aside_fd[i] = -1;
	err = spool_open_dirs(s, dir, target);
	if (!err)
		err = spool_start(s);
	if (!err)
		return s;
	if (err == -EBUSY)
		error_set(err, "another dwell writes to the spool '%s/%s'", dir, target);
	else
		error_set(err, "can't use the spool '%s/%s': %s", dir, target, strerror(-err));
	spool__close(s);
	errno = -err;
	return NULL;
}

void spool__close(struct spool *s)
{
	if (!s)
		return;
	for (int i = 0; i < SPOOL_ASIDE_CNT; i++)
		os_close(s->aside_fd[i]);
	os_close(s->lock_fd);
	os_close(s->dir_fd);
	free(s);
}

static uint64_t spool_hash(const struct spool *s, const struct spool_name *n, uint64_t seed)
{
	uint64_t h = hash_u64(seed);

	for (size_t i = 0; i < ARRAY_SIZE(s->key); i++)
		h = hash_mix(h, s->key[i]);
	return hash_mix(hash_mix(h, n->start_ns), n->seq);
}

static int spool_begin(struct spool *s, struct spool_segment *seg)
{
	char text[SPOOL_NAME_LEN];
	int err;

	if (s->disk.failing)
		spool__tidy(s); /* there may be room afterwards */
	err = os_dir_has_room(s->dir_fd, s->opts.min_free_bytes);
	seg->name.seq = s->next_seq++;
	if (!err)
		err = spool_save_seq(s);
	if (err)
		return err;
	snprintf(seg->name.id, sizeof(seg->name.id), "%016" PRIx64 "%016" PRIx64,
		 spool_hash(s, &seg->name, 1), spool_hash(s, &seg->name, 2));
	spool_name__format(&seg->name, text);
	return dir_file__open(&seg->file, s->dir_fd, text, SPOOL_FILE_MODE);
}

int spool__begin(struct spool *s, uint64_t start_ns, uint64_t end_ns, const char *ext,
		 struct spool_segment *ret_seg)
{
	struct spool_segment seg = {.name = {.start_ns = start_ns, .end_ns = end_ns}};
	int err;

	if (!spool_ext_known(ext))
		return -EINVAL;
	strcpy(seg.name.ext, ext);
	err = spool_begin(s, &seg);
	if (err)
		return disk_state__note(&s->disk, err);
	*ret_seg = seg;
	return 0;
}

int spool__commit(struct spool *s, struct spool_segment *seg)
{
	uint64_t bytes;
	int err = dir_file__commit(&seg->file, false, &bytes), tidy_err;

	disk_state__note(&s->disk, err);
	if (!err) {
		s->written_cnt++;
		s->written_bytes += bytes;
	}
	tidy_err = spool__tidy(s);
	return err ? err : tidy_err;
}

void spool__abort(struct spool *s, struct spool_segment *seg, int err)
{
	dir_file__abort(&seg->file);
	if (err)
		disk_state__note(&s->disk, err);
}
