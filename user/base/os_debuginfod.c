/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_debuginfod.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#define DEBUGINFOD_LIBRARY "libdebuginfod.so.1"

/* Its functions, as its manual page debuginfod_find_debuginfo(3) declares them. */
struct debuginfod {
	void *(*begin)(void);
	int (*find)(void *client, const unsigned char *build_id, int len, char **ret_path);
	void (*end)(void *client);
};

/* Never closed again: the libraries that it brings along don't like to be unloaded. */
static int debuginfod_load(struct debuginfod *d)
{
	void *library = dlopen(DEBUGINFOD_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return -ENOTSUP;
	/* POSIX has a function's address pass through an object pointer. */
	*(void **)&d->begin = dlsym(library, "debuginfod_begin");
	*(void **)&d->find = dlsym(library, "debuginfod_find_debuginfo");
	*(void **)&d->end = dlsym(library, "debuginfod_end");
	return d->begin && d->find && d->end ? 0 : -ENOTSUP;
}

int os_debuginfod_ready(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct debuginfod d = {0};

	return urls && *urls ? debuginfod_load(&d) : -ENOENT;
}

int os_debuginfod_find(const uint8_t *build_id, size_t len)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct debuginfod d = {0};
	void *client;
	int fd;

	/* Length 0 would mean a number in letters. */
	if (!urls || !*urls || !len || debuginfod_load(&d))
		return -ENOTSUP;
	client = d.begin();
	if (!client)
		return -ENOMEM;
	fd = d.find(client, build_id, (int)len, NULL);
	d.end(client);
	return fd;
}
