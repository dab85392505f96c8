/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What test_rotation.py and test_spool.py drive:
 *
 * spool_tool rotate DIR KEEP_BYTES MIN_FREE
 *     Per line "STARTNS BYTES" of stdin writes one file and says "ERR FAILING CHANGED FILES BYTES DROPPED LEFTOVERS".
 * spool_tool write SPOOL TARGET GID QUOTA MIN_FREE BYTES
 *     Writes segments, one at least, until it is killed or stdin says "stop", and says "ERR NAME" of each.
 * spool_tool send SPOOL TARGET LOG
 *     Adds the id of each segment to LOG, until stdin says "stop" and nothing waits any more; then says
 *     "ACKED REJECTED CORRUPT GONE".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/rotation.h"
#include "app/spool.h"
#include "app/spool_reader.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/os_clock.h"

#define MAX_BYTES (1u << 20)

static char data[MAX_BYTES];
static size_t data_len;

static void die(void)
{
	fprintf(stderr, "spool_tool: %s\n", error_text(-errno));
	exit(1);
}

static uint64_t number(const char *s)
{
	return strtoull(s, NULL, 10);
}

/* All but the last byte are 'x', so that a torn file shows. */
static int write_data(FILE *to, void *arg)
{
	(void)arg;
	if (data_len)
		fwrite(data, 1, data_len - 1, to);
	putc('\n', to);
	return fflush(to) ? -errno : 0;
}

static void rotate_one(struct rotation *r, uint64_t start_ns)
{
	char stem[ROTATION_STEM_LEN];
	int err = rotation__stem(r, start_ns, stem);

	if (!err)
		err = rotation__put(r, stem, ".folded", write_data, NULL);
	printf("%d %d %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", err, r->disk.failing,
	       r->disk.changed, r->file_cnt, r->bytes,
	       r->dropped_cnt[ROTATION_DROP_BYTES] + r->dropped_cnt[ROTATION_DROP_AGE],
	       r->leftover_cnt);
	fflush(stdout);
}

static void rotate(char **args)
{
	struct rotation_opts opts = {
		.keep_bytes = number(args[1]),
		.min_free_bytes = number(args[2]),
	};
	struct rotation *r = rotation__open(args[0], &opts);
	uint64_t start_ns;
	char line[128];

	if (!r)
		die();
	memset(data, 'x', sizeof(data));
	while (fgets(line, sizeof(line), stdin) &&
	       sscanf(line, "%" SCNu64 " %zu", &start_ns, &data_len) == 2 && data_len <= MAX_BYTES)
		rotate_one(r, start_ns);
	rotation__close(r);
}

/* Has stdin something to say, or ended? */
static bool told_to_stop(int timeout_ms)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, timeout_ms) > 0;
}

static void write_one(struct spool *s)
{
	struct spool_segment seg;
	char name[SPOOL_NAME_LEN] = "-";
	_cleanup_buf_ struct buf packed;
	uint64_t now_ns = os_realtime_ns();
	int err = spool__begin(s, now_ns, now_ns + 1, ".ndjson.gz", &seg);

	buf__init(&packed, 2 * MAX_BYTES);
	if (gzip_pack(data, data_len, &packed))
		die();
	if (!err) {
		spool_name__format(&seg.name, name);
		fwrite(packed.data, 1, packed.len, seg.file.fp);
		err = spool__commit(s, &seg);
	}
	printf("%d %s %d %d %" PRIu64 "\n", err, name, s->disk.failing, s->disk.changed,
	       s->dropped_cnt[SPOOL_DROP_QUOTA]);
	fflush(stdout);
}

static void write_segments(char **args)
{
	struct spool_opts opts = {
		.gid = (uint32_t)number(args[2]),
		.quota_bytes = number(args[3]),
		.min_free_bytes = number(args[4]),
	};
	struct spool *s = spool__open(args[0], args[1], &opts);

	if (!s)
		die();
	data_len = number(args[5]);
	for (size_t i = 0; i < data_len && i < MAX_BYTES; i++)
		data[i] = (char)random();
	do
		write_one(s);
	while (!told_to_stop(0));
	spool__close(s);
}

static void send_one(struct spool_reader *r, const struct spool_name *name, int log)
{
	struct spool_read read;
	char line[SPOOL_ID_LEN + 1];
	int err = spool_reader__read(r, name, &read);

	if (err == -ENOENT || err == -EBADMSG)
		return;
	errno = -err;
	if (err)
		die();
	snprintf(line, sizeof(line), "%s\n", name->id);
	if (write(log, line, strlen(line)) < 0)
		die();
	err = spool_reader__ack(r, &read);
	errno = -err;
	if (err)
		die();
}

static void send_segments(char **args)
{
	struct spool_reader_opts opts = {.keep_sent = false};
	struct spool_reader *r = spool_reader__open(args[0], args[1], &opts);
	int log = open(args[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), found;
	struct spool_name name;

	if (!r || log < 0)
		die();
	do {
		found = spool_reader__next(r, &name);
		if (found > 0)
			send_one(r, &name, log);
	} while (found > 0 || (!found && !told_to_stop(1)));
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", r->acked_cnt, r->rejected_cnt,
	       r->corrupt_cnt, r->gone_cnt);
	spool_reader__close(r);
	close(log);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		void (*run)(char **args);
	} commands[] = {
		{"rotate", 3, rotate},
		{"write", 6, write_segments},
		{"send", 3, send_segments},
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (argc - 2 != commands[i].args || strcmp(argv[1], commands[i].name) != 0)
			continue;
		commands[i].run(argv + 2);
		return 0;
	}
	fprintf(stderr, "spool_tool: see its source\n");
	return 2;
}
