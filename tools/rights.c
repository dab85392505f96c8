/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "rights.h"

#include <linux/capability.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/os_output.h"
#include "source/bpf.h"
#include "source/os_go.h"

void rights__add_file(struct rights *r, const struct atomic_file *f)
{
	r->others |= os_output_capabilities(f);
}

void rights__add_command(struct rights *r)
{
	r->others |= OS_CAP(CAP_KILL);
}

/* libdebuginfod keeps what it fetches in a directory of HOME, which with sudo may be another user's. */
static uint64_t rights_of_environment(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls && *urls ? OS_CAP(CAP_DAC_OVERRIDE) : 0;
}

static int rights_keep(struct rights *r, uint64_t mask)
{
	_cleanup_buf_ struct buf text = {0};
	struct os_privilege p;
	int err = os_privilege_drop(mask, NULL, &p);

	if (err)
		return err;
	os_privilege__add(&r->given_up, &p);
	buf__init(&text, 1024);
	os_privilege__describe(&r->given_up, &text);
	log_debug("%s", buf__str(&text));
	return 0;
}

int rights__narrow(struct rights *r)
{
	return rights_keep(r, bpf_source_start_capabilities() | r->others | r->more |
				      rights_of_environment());
}

int rights__settle(struct rights *r, unsigned int later)
{
	const uint64_t names = OS_CAP(CAP_SYS_PTRACE) | OS_CAP(CAP_DAC_READ_SEARCH) |
			       OS_CAP(CAP_CHECKPOINT_RESTORE) | OS_CAP(CAP_SYSLOG);
	/* Before Linux 5.19 each bpf() takes it, where unprivileged ones are disabled. */
	uint64_t keep = r->others | rights_of_environment();

	if (!(later & RIGHTS_NO_BPF))
		keep |= OS_CAP(CAP_BPF);
	if (later & RIGHTS_NAMES)
		keep |= names;
	if (later & RIGHTS_CGROUPS)
		keep |= OS_CAP(CAP_DAC_READ_SEARCH);
	if (later & RIGHTS_PROCESSES)
		keep |= bpf_source_capabilities();
	if (later & RIGHTS_GO)
		keep |= os_go_capabilities();
	if (later & RIGHTS_PROBES)
		keep |= OS_CAP(CAP_BPF) | bpf_perf_capabilities();
	return rights_keep(r, keep);
}
