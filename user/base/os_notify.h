/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a service tells its manager: the protocol of sd_notify(3), over the socket named in NOTIFY_SOCKET. Without one all of this
 * does nothing and succeeds.
 */
#ifndef BASE_OS_NOTIFY_H
#define BASE_OS_NOTIFY_H

#include <stdint.h>

#include "base/compiler.h"

struct os_notify {
	char path[108]; /* of the socket, '@': an abstract one; "" none */
	uint64_t
		watchdog_ns; /* the manager wants a sign of life at least this often; 0: it does not */
};

/*
 * Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child has them: before threads start.
 * 0; -EINVAL when they make no sense, with error_set(): then @n is as if there were none.
 */
int os_notify__init(struct os_notify *n);
/*
 * Each is one datagram, sent without waiting. 0 or -errno (-EAGAIN: the manager is slow; the message is lost).
 * @status, a line for `systemctl status`, may be NULL.
 */
int os_notify__ready(const struct os_notify *n, const char *status);
int os_notify__status(const struct os_notify *n, const char *fmt, ...) _printf_(2, 3);
/* To be followed by os_notify__ready() when done, whether the new configuration was good or not. */
int os_notify__reloading(const struct os_notify *n);
int os_notify__stopping(const struct os_notify *n, const char *status);
/* The sign of life. To be sent at twice the rate asked for: each watchdog_ns / 2. */
int os_notify__watchdog(const struct os_notify *n);

#endif
