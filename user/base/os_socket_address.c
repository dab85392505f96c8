/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What addresses say, before anything is opened. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/os_socket.h"

static int listen_bad(const char *text, const char *why)
{
	return error_set(
		-EINVAL,
		"cannot listen on '%s': %s; give ADDR:PORT as in 127.0.0.1:80 or [::1]:80, "
		"or unix:/run/x.sock",
		text, why);
}

static int listen_parse_unix(const char *text, const char *path, struct os_listen_spec *spec)
{
	if (*path != '/')
		return listen_bad(text, "the path of a socket begins with /");
	if (strlen(path) >= sizeof(spec->path))
		return listen_bad(text, "the path of a socket has at most 107 bytes");
	spec->is_unix = true;
	snprintf(spec->path, sizeof(spec->path), "%s", path);
	return 0;
}

static bool listen_parse_port(const char *digits, uint16_t *ret_port)
{
	unsigned int port = 0;
	size_t len = strspn(digits, "0123456789");

	if (!len || len > 5 || digits[len])
		return false;
	for (size_t i = 0; i < len; i++)
		port = port * 10 + (unsigned int)(digits[i] - '0');
	*ret_port = (uint16_t)port;
	return port <= UINT16_MAX;
}

static bool listen_parse_host(const char *host, struct os_listen_spec *spec)
{
	struct in6_addr addr;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(spec->is_v6 ? AF_INET6 : AF_INET, host, &addr) != 1)
		return false;
	/* Back again, so that one address has one name. */
	inet_ntop(spec->is_v6 ? AF_INET6 : AF_INET, &addr, spec->host, sizeof(spec->host));
	return true;
}

int os_listen_parse(const char *text, struct os_listen_spec *ret)
{
	struct os_listen_spec spec = {.is_unix = false};
	const char *colon = strrchr(text, ':'), *from = text;
	char host[sizeof(spec.host)];
	size_t len;
	int err;

	if (strncmp(text, "unix:", 5) == 0) {
		err = listen_parse_unix(text, text + 5, &spec);
		if (!err)
			*ret = spec;
		return err;
	}
	if (!colon || !listen_parse_port(colon + 1, &spec.port))
		return listen_bad(text, "there is no port from 0 to 65535 at its end");
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		spec.is_v6 = true;
		from++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return listen_bad(text, "this is no numeric address");
	memcpy(host, from, len);
	host[len] = '\0';
	if (!listen_parse_host(host, &spec))
		return listen_bad(text, "this is no numeric address");
	*ret = spec;
	return 0;
}

bool os_is_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}
