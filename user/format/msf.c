/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/msf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "base/log.h"

#define MSF_HEADER_BYTES    56
#define MSF_MIN_BLOCK_BYTES 512u
#define MSF_MAX_BLOCK_BYTES (64u << 10)
#define MSF_NO_STREAM	    UINT32_MAX /* as a stream's size: there is none */

/* ---- the header ---- */

static const char msf_magic[32] = "Microsoft C/C++ MSF 7.00\r\n\x1a"
				  "DS\0\0";

static const struct {
	const char *begin;
	const char *text;
} msf_others[] = {
	{"Microsoft MSFZ Container", "is a compressed PDB (MSFZ), which is not read: get the "
				     "uncompressed one"},
	{"Microsoft C/C++ program database 2.00",
	 "is a PDB of Visual C++ 6 or before, which is not read: build the program with a newer "
	 "compiler"},
	{"BSJB", "is a portable PDB of .NET, which has no addresses of native code: give that of a "
		 "native image"},
};

static int msf_no_pdb(const char *magic, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(msf_others); i++) {
		size_t n = strlen(msf_others[i].begin);

		if (n <= len && !memcmp(magic, msf_others[i].begin, n))
			return error_set(-ENOTSUP, "%s", msf_others[i].text);
	}
	return error_set(-EBADMSG,
			 "is no PDB (program database of Windows): give one, or remove it");
}

static int msf_damaged(void)
{
	return error_set(-EBADMSG, "is damaged or cut: get it again");
}

static uint32_t msf__blocks(const struct msf *m, uint64_t bytes)
{
	return (uint32_t)((bytes + m->block_bytes - 1) / m->block_bytes);
}

static int msf__read_header(struct msf *m, uint32_t *ret_bytes, uint32_t *ret_map)
{
	uint8_t head[MSF_HEADER_BYTES] = {0};
	size_t len = m->in.bytes < sizeof(head) ? (size_t)m->in.bytes : sizeof(head);
	int err = file_input__read(&m->in, head, len, 0);
	struct cursor c = cursor_over(head + sizeof(msf_magic), sizeof(head) - sizeof(msf_magic));

	if (err)
		return err;
	if (memcmp(head, msf_magic, sizeof(msf_magic)) != 0)
		return msf_no_pdb((const char *)head, len);
	m->block_bytes = cursor__u32(&c);
	cursor__u32(&c); /* which map of free blocks is in use */
	m->block_cnt = cursor__u32(&c);
	*ret_bytes = cursor__u32(&c);
	cursor__u32(&c);
	*ret_map = cursor__u32(&c);
	if (m->block_bytes < MSF_MIN_BLOCK_BYTES || m->block_bytes > MSF_MAX_BLOCK_BYTES ||
	    m->block_bytes & (m->block_bytes - 1))
		return msf_damaged();
	/* What follows counts in blocks of the file that are there. */
	if (m->block_cnt > (m->in.bytes + m->block_bytes - 1) / m->block_bytes)
		return msf_damaged();
	return 0;
}

/* ---- the directory ---- */

/* Reads @len bytes of what the block numbers @blocks are of, from @off on. */
static int msf__read_blocks(const struct msf *m, const uint32_t *blocks, uint64_t off, uint8_t *to,
			    size_t len)
{
	while (len) {
		size_t i = (size_t)(off / m->block_bytes), n = 1;
		uint64_t in_block = off % m->block_bytes, part;
		int err;

		if (blocks[i] >= m->block_cnt)
			return -EBADMSG;
		/* Blocks that lie behind each other are read at once. */
		while (n * m->block_bytes - in_block < len && blocks[i + n] == blocks[i] + n)
			n++;
		part = n * m->block_bytes - in_block;
		if (part > len)
			part = len;
		err = file_input__read(&m->in, to, part,
				       (uint64_t)blocks[i] * m->block_bytes + in_block);
		if (err)
			return err == -ENODATA ? -EBADMSG : err;
		to += part;
		off += part;
		len -= part;
	}
	return 0;
}

static int msf__read_directory(struct msf *m, uint32_t bytes, uint32_t map)
{
	uint32_t cnt = msf__blocks(m, bytes);
	_cleanup_free_ uint32_t *blocks = NULL;
	int err;

	if (bytes < 4 || bytes % 4 || cnt > m->block_cnt || map >= m->block_cnt)
		return -EBADMSG;
	if (bytes > MSF_MAX_DIRECTORY_BYTES)
		return -E2BIG;
	blocks = calloc(cnt, sizeof(*blocks));
	m->directory = malloc(bytes);
	if (!blocks || !m->directory)
		return -ENOMEM;
	err = file_input__read(&m->in, blocks, cnt * sizeof(*blocks),
			       (uint64_t)map * m->block_bytes);
	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	return msf__read_blocks(m, blocks, 0, (uint8_t *)m->directory, bytes);
}

/* Blocks belong to one stream: so all of them together are no more than the file has. */
static int msf__find_streams(struct msf *m, size_t word_cnt)
{
	uint32_t cnt = m->directory[0], left = m->block_cnt;
	size_t at = 1 + (size_t)cnt;

	if (cnt > MSF_MAX_STREAMS || at > word_cnt)
		return -EBADMSG;
	m->streams = calloc((size_t)cnt + 1, sizeof(*m->streams));
	if (!m->streams)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t bytes = m->directory[1 + i], blocks;

		if (bytes == MSF_NO_STREAM)
			bytes = 0;
		blocks = msf__blocks(m, bytes);
		if (blocks > left || blocks > word_cnt - at)
			return -EBADMSG;
		m->streams[i] = (struct msf_stream){.bytes = bytes, .first = (uint32_t)at};
		left -= blocks;
		at += blocks;
	}
	m->stream_cnt = cnt;
	return 0;
}

int msf__open(struct msf *m, const struct file_input *in)
{
	uint32_t bytes = 0, map = 0;
	int err;

	*m = (struct msf){.in = *in};
	err = msf__read_header(m, &bytes, &map);
	if (err)
		return err;
	err = msf__read_directory(m, bytes, map);
	if (!err)
		err = msf__find_streams(m, bytes / 4);
	if (err)
		msf__close(m);
	if (err == -E2BIG)
		return error_set(-ENOTSUP, "is too large: its list of blocks has %u MB",
				 bytes >> 20);
	return err == -EBADMSG ? msf_damaged() : err;
}

void msf__close(struct msf *m)
{
	free(m->directory);
	free(m->streams);
	*m = (struct msf){.directory = NULL};
}

/* ---- streams ---- */

uint32_t msf__bytes(const struct msf *m, uint32_t stream)
{
	return stream < m->stream_cnt ? m->streams[stream].bytes : 0;
}

int msf__read(const struct msf *m, uint32_t stream, uint64_t off, void *to, size_t len)
{
	uint32_t bytes = msf__bytes(m, stream);

	if (off > bytes || len > bytes - off)
		return -EBADMSG;
	return len ? msf__read_blocks(m, m->directory + m->streams[stream].first, off, to, len) : 0;
}

int msf__load(const struct msf *m, uint32_t stream, uint64_t off, size_t len, size_t max,
	      uint8_t **ret)
{
	_cleanup_free_ uint8_t *data = NULL;
	int err;

	if (off > msf__bytes(m, stream) || len > msf__bytes(m, stream) - off)
		return -EBADMSG;
	if (len > max)
		return -E2BIG;
	data = malloc(len + 1);
	if (!data)
		return -ENOMEM;
	err = msf__read(m, stream, off, data, len);
	if (err)
		return err;
	data[len] = 0;
	*ret = data;
	data = NULL;
	return 0;
}

/* ---- windows ---- */

int msf_window__open(struct msf_window *w, const struct msf *m, uint32_t stream, uint64_t off,
		     uint64_t end)
{
	*w = (struct msf_window){
		.msf = m, .stream = stream, .pos = off, .end = end, .data_off = off};
	if (off > end || end > msf__bytes(m, stream))
		return -EBADMSG;
	w->data = malloc(MSF_WINDOW_BYTES);
	return w->data ? 0 : -ENOMEM;
}

void msf_window__close(struct msf_window *w)
{
	free(w->data);
	*w = (struct msf_window){.data = NULL};
}

int msf_window__peek(struct msf_window *w, size_t len, const uint8_t **ret)
{
	uint64_t left = w->end - w->pos;
	int err;

	if (len > left || len > MSF_WINDOW_BYTES)
		return -ENODATA;
	if (w->pos + len > w->data_off + w->data_len) {
		w->data_len = 0;
		w->data_off = w->pos;
		left = left < MSF_WINDOW_BYTES ? left : MSF_WINDOW_BYTES;
		err = msf__read(w->msf, w->stream, w->pos, w->data, (size_t)left);
		if (err)
			return err;
		w->data_len = (size_t)left;
	}
	*ret = w->data + (w->pos - w->data_off);
	return 0;
}

void msf_window__skip(struct msf_window *w, uint64_t len)
{
	w->pos += len < w->end - w->pos ? len : w->end - w->pos;
	if (w->pos > w->data_off + w->data_len) {
		w->data_off = w->pos;
		w->data_len = 0;
	}
}
