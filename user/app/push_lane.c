/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/push_lane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/push_say.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_read.h"

#define LANE_LOOK_NS	    1000000000ull /* between two looks into a spool where nothing waits */
#define LANE_STATUS_NS	    1000000000ull
#define LANE_HALT_NS	    (300 * 1000000000ull)
#define LANE_HALT_JITTER_NS (30 * 1000000000ull)
/* What a receiver may ask us to wait for. */
#define LANE_MAX_RETRY_AFTER_NS (3600 * 1000000000ull)
/* So often a segment may be answered 5xx before the next one has its turn. */
#define LANE_MAX_STUBBORN 8
/* A request takes this long at most, and what its body takes at this rate. */
#define LANE_TOTAL_NS	    (300 * 1000000000ull)
#define LANE_MIN_RATE	    16384
#define LANE_URL_MAX_BYTES  16384
#define LANE_BODY_MAX_BYTES (2 * (size_t)SPOOL_MAX_SEGMENT_BYTES)

static uint64_t lane_random(void)
{
	uint64_t random = 0;

	os_random(&random, sizeof(random));
	return random;
}

/* ---- the spool ---- */

static void lane_load_status(struct push_lane *l)
{
	struct key_values kv;

	if (spool_status_read(l->opts->spool, l->target.receiver->name, &kv))
		return;
	push_status__parse(&l->status, &kv);
	l->status.state = PUSH_STATE_OK;
	key_values__fini(&kv);
}

static void lane_save_status(struct push_lane *l)
{
	_cleanup_key_values_ struct key_values kv;
	int err;

	key_values__init(&kv);
	push_status__format(&l->status, &kv);
	err = spool_reader__write_status(l->reader, &kv);
	if (err)
		push_say_local(l, "can't write its status", err);
	l->status_ns = os_monotonic_ns();
	l->status_dirty = false;
}

/* 1; 0: there is none yet; -errno. */
static int lane_open_spool(struct push_lane *l, uint64_t now_ns)
{
	struct spool_reader_opts opts = {.keep_sent = false};

	if (l->reader)
		return 1;
	l->reader = spool_reader__open(l->opts->spool, l->target.receiver->name, &opts);
	if (l->reader) {
		lane_load_status(l);
		l->status_dirty = true;
		return 1;
	}
	if (errno != ENOENT)
		return -errno;
	if (l->opts->once)
		l->done = true;
	else
		push_say_local(l, error_text(-ENOENT), 0);
	l->due_ns = now_ns + LANE_LOOK_NS;
	return 0;
}

/* ---- after a request ---- */

static enum push_failure lane_failure(const struct http_answer *a, enum push_verdict verdict)
{
	switch (a->failure) {
	case HTTP_OK:
		break;
	case HTTP_TIMEOUT:
		return PUSH_FAILURE_TIMEOUT;
	case HTTP_REFUSED:
		return PUSH_FAILURE_REFUSED;
	case HTTP_DNS:
		return PUSH_FAILURE_DNS;
	case HTTP_TLS:
		return PUSH_FAILURE_TLS;
	case HTTP_NETWORK:
		return PUSH_FAILURE_NETWORK;
	}
	if (a->status >= 300 && a->status < 400)
		return PUSH_FAILURE_NETWORK;
	if (a->status >= 400 && a->status < 500)
		return PUSH_FAILURE_HTTP_4XX;
	return a->status >= 500 || verdict == PUSH_LATER ? PUSH_FAILURE_HTTP_5XX
							 : PUSH_FAILURE_HTTP_4XX;
}

/* Something of ours failed: the disk, memory. Not at full speed again. */
static void lane_stumble(struct push_lane *l, const char *what, int err)
{
	push_say_local(l, what, err);
	l->due_ns = os_monotonic_ns() + backoff__next(&l->backoff, lane_random());
	l->behind = true;
	l->done = l->opts->once;
}

static void lane_taken(struct push_lane *l)
{
	size_t bytes = l->segment.bytes.len;
	int err = spool_reader__ack(l->reader, &l->segment);

	l->status.sent_cnt++;
	l->status.sent_bytes += bytes;
	l->status.last_success_ns = os_realtime_ns();
	push_say_works(l);
	backoff__reset(&l->backoff);
	if (err)
		lane_stumble(l, "can't remove a segment that was sent, it may be sent again", err);
	else if (l->reader->state_err)
		push_say_local(l, "can't write down what was sent", l->reader->state_err);
}

static void lane_rejected(struct push_lane *l, const struct http_answer *answer)
{
	int err = spool_reader__reject(l->reader, &l->segment);

	l->behind = true;
	backoff__reset(&l->backoff);
	if (err) {
		lane_stumble(l, "can't put a segment aside that was refused", err);
		return;
	}
	l->status.rejected_cnt++;
	push_say_works(l);
	push_say_rejected(l, answer);
}

/* A receiver that can't take one segment must not keep the others from going. */
static bool lane_is_stubborn(struct push_lane *l, const struct http_answer *answer)
{
	if (answer->status < 500 || strcmp(l->stubborn_id, l->segment.name.id) != 0)
		l->stubborn_cnt = 0;
	memcpy(l->stubborn_id, l->segment.name.id, sizeof(l->stubborn_id));
	if (answer->status < 500 || ++l->stubborn_cnt < LANE_MAX_STUBBORN)
		return false;
	l->stubborn_cnt = 0;
	return true;
}

static void lane_later(struct push_lane *l, const struct http_answer *answer)
{
	uint64_t wait_ns = backoff__next(&l->backoff, lane_random());
	uint64_t asked_ns = answer->retry_after_ns;

	if (!lane_is_stubborn(l, answer))
		spool_reader__rewind(l->reader);
	spool_read__fini(&l->segment);
	if (asked_ns > LANE_MAX_RETRY_AFTER_NS)
		asked_ns = LANE_MAX_RETRY_AFTER_NS;
	l->due_ns = os_monotonic_ns() + asked_ns + wait_ns;
	l->behind = true;
	l->done = l->opts->once;
	push_say_trouble(l, PUSH_STATE_RETRYING, answer);
}

static void lane_halted(struct push_lane *l, const struct http_answer *answer)
{
	spool_reader__rewind(l->reader);
	spool_read__fini(&l->segment);
	l->due_ns = os_monotonic_ns() + LANE_HALT_NS + lane_random() % LANE_HALT_JITTER_NS;
	l->behind = true;
	l->done = l->opts->once;
	push_say_trouble(l, PUSH_STATE_HALTED, answer);
}

static void lane_finish(struct push_lane *l, const struct http_answer *answer)
{
	enum push_verdict verdict = push_receiver__judge(l->target.receiver, answer);
	enum push_state state = l->status.state;

	l->status.request_cnt++;
	if (verdict != PUSH_TAKEN)
		l->status.failure_cnt[lane_failure(answer, verdict)]++;
	switch (verdict) {
	case PUSH_TAKEN:
		lane_taken(l);
		break;
	case PUSH_REJECTED:
		lane_rejected(l, answer);
		break;
	case PUSH_LATER:
		lane_later(l, answer);
		break;
	case PUSH_HALTED:
		lane_halted(l, answer);
		break;
	}
	http_call__end(l->call);
	l->call = NULL;
	buf__fini(&l->body);
	l->status_dirty = true;
	if (l->status.state != state)
		l->status_ns = 0; /* at once */
}

/* ---- a request ---- */

/* The next segment, read. 1; 0: nothing waits; -errno. */
static int lane_next(struct push_lane *l)
{
	struct spool_name name;
	int err;

	do {
		err = spool_reader__next(l->reader, &name);
		if (err <= 0)
			return err;
		err = spool_reader__read(l->reader, &name, &l->segment);
	} while (err == -ENOENT || err == -EBADMSG);
	return err ? err : 1;
}

static uint64_t lane_total_ns(const struct push_lane *l, size_t len)
{
	uint64_t rate = l->opts->max_rate && l->opts->max_rate < 2 * LANE_MIN_RATE
				? l->opts->max_rate / 2
				: LANE_MIN_RATE;

	return LANE_TOTAL_NS + len * 1000000000ull / rate;
}

static int lane_post(struct push_lane *l, struct http_client *client, struct push_gate *gate)
{
	const char *headers[PUSH_HEADERS_MAX_CNT + 2];
	char idempotency_key[sizeof("Idempotency-Key: ") + SPOOL_ID_LEN];
	struct http_post request = {
		.url = buf__str(&l->url),
		.headers = headers,
		.body = l->body.len ? l->body.data : l->segment.bytes.data,
		.body_len = l->body.len ? l->body.len : l->segment.bytes.len,
		.ca_file = l->opts->ca_file,
		.max_rate = l->opts->max_rate,
		.stall_ns = l->opts->stall_ns,
	};

	snprintf(idempotency_key, sizeof(idempotency_key), "Idempotency-Key: %s",
		 l->segment.name.id);
	headers[0] = idempotency_key;
	memcpy(headers + 1, l->headers.lines, sizeof(l->headers.lines));
	request.total_ns = lane_total_ns(l, request.body_len);
	l->call = http_client__post(client, &request);
	if (!l->call)
		return -errno;
	if (l->opts->max_rate)
		gate->open_ns =
			os_monotonic_ns() + request.body_len * 1000000000ull / l->opts->max_rate;
	return 0;
}

static int lane_send(struct push_lane *l, struct http_client *client, struct push_gate *gate)
{
	const struct push_receiver *r = l->target.receiver;
	struct push_segment segment = {
		.id = l->segment.name.id,
		.data = l->segment.bytes.data,
		.len = l->segment.bytes.len,
	};
	int err = 0;

	if (r->write_body)
		err = r->write_body(&l->target.site, &segment, &l->body);
	if (!err)
		err = lane_post(l, client, gate);
	if (!err)
		return 0;
	buf__fini(&l->body);
	buf__init(&l->body, LANE_BODY_MAX_BYTES);
	spool_read__fini(&l->segment);
	return err;
}

/* Has what was found after a pause to wait for its moment? */
static bool lane_spread(struct push_lane *l, uint64_t now_ns)
{
	bool waits = l->resting && l->opts->spread_ns && !l->opts->once;

	l->resting = false;
	if (!waits)
		return false;
	spool_reader__rewind(l->reader);
	spool_read__fini(&l->segment);
	l->due_ns = now_ns + lane_random() % l->opts->spread_ns;
	return true;
}

static int lane_begin(struct push_lane *l, struct http_client *client, struct push_gate *gate,
		      uint64_t now_ns)
{
	int err = lane_open_spool(l, now_ns);

	if (err <= 0)
		return err;
	err = lane_next(l);
	if (!err) {
		l->due_ns = now_ns + LANE_LOOK_NS;
		l->done = l->opts->once;
		l->resting = true;
		return 0;
	}
	if (err > 0 && lane_spread(l, now_ns))
		return 0;
	if (err > 0)
		err = lane_send(l, client, gate);
	if (err)
		lane_stumble(l, "can't read a segment or send it", err);
	return 0;
}

int push_lane__step(struct push_lane *l, struct http_client *client, struct push_gate *gate,
		    bool begin)
{
	struct http_answer answer;
	uint64_t now_ns;
	int err = 0;

	if (l->call && http_call__done(l->call, &answer))
		lane_finish(l, &answer);
	now_ns = os_monotonic_ns();
	/* Before something is on its way: it may take a while. */
	if (!l->call && l->reader && l->status_dirty && now_ns - l->status_ns >= LANE_STATUS_NS)
		lane_save_status(l);
	if (!l->call && !l->done && begin && now_ns >= l->due_ns && now_ns >= gate->open_ns)
		err = lane_begin(l, client, gate, now_ns);
	return err;
}

void push_lane__retry_now(struct push_lane *l)
{
	backoff__reset(&l->backoff);
	l->due_ns = 0;
}

/* ---- setting up ---- */

static int lane_add_header(struct push_headers *h, const char *name, const char *value)
{
	_cleanup_buf_ struct buf line;
	int err;

	if (!value)
		return 0;
	buf__init(&line, PUSH_HEADERS_MAX_BYTES);
	err = buf__printf(&line, "%s: %s", name, value);
	if (!err)
		err = push_headers__add(h, buf__str(&line));
	return err ? error_set(err, "can't keep the headers: %s", strerror(-err)) : 0;
}

static int lane_add_own(const struct push_lane *l, struct push_headers *h)
{
	const struct push_receiver *r = l->target.receiver;
	int err = lane_add_header(h, "Content-Type", r->content_type);

	if (!err)
		err = lane_add_header(h, "Content-Encoding", r->content_encoding);
	if (!err)
		err = lane_add_header(h, "X-Scope-OrgID", l->target.site.tenant);
	for (const char *const *line = l->target.headers; !err && line && *line; line++) {
		err = push_headers__add(h, *line);
		if (err)
			error_set(err, "too many headers");
	}
	return err;
}

static int lane_add_file(const struct push_lane *l, struct push_headers *h)
{
	_cleanup_buf_ struct buf text = {.data = NULL};
	const char *path = l->target.header_file;
	char why[256];
	int err;

	if (!path)
		return 0;
	err = os_read_file(path, PUSH_HEADERS_MAX_BYTES, &text);
	if (err)
		return error_set(err, "can't read the headers '%s': %s", path, strerror(-err));
	err = push_headers__add_secrets(h, buf__str(&text));
	if (text.data)
		explicit_bzero(text.data, text.len);
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return error_set(err, "the headers '%s': %s", path, why);
}

int push_lane__load_headers(struct push_lane *l)
{
	struct push_headers h = {.cnt = 0};
	int err = lane_add_own(l, &h);

	if (!err)
		err = lane_add_file(l, &h);
	if (err) {
		push_headers__fini(&h);
		return err;
	}
	push_headers__fini(&l->headers);
	l->headers = h;
	return 0;
}

int push_lane__init(struct push_lane *l, const struct push_opts *opts,
		    const struct push_target *target)
{
	int err;

	*l = (struct push_lane){.opts = opts, .target = *target, .segment = {.fd = -1}};
	buf__init(&l->url, LANE_URL_MAX_BYTES);
	buf__init(&l->body, LANE_BODY_MAX_BYTES);
	err = target->receiver->write_url(&target->site, &l->url);
	return err ? error_set(err, "the address of %s is too long", target->receiver->name)
		   : push_lane__load_headers(l);
}

void push_lane__fini(struct push_lane *l)
{
	http_call__end(l->call);
	spool_read__fini(&l->segment);
	if (l->reader && l->status_dirty)
		lane_save_status(l);
	spool_reader__close(l->reader);
	push_headers__fini(&l->headers);
	buf__fini(&l->url);
	buf__fini(&l->body);
}
