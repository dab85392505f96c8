/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Facts about the process that is to be traced. */
#ifndef APP_DOCTOR_TARGET_H
#define APP_DOCTOR_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOCTOR_NAME_BYTES 64

/* A file whose code the process has mapped. */
struct doctor_file {
	char name[DOCTOR_NAME_BYTES];
	bool main;	   /* its executable, else a library */
	bool opened;	   /* could be read */
	bool has_build_id; /* so debuginfod can be asked for it */
	bool has_debug;	   /* .debug_info is there, in the file or in one of its own */
	bool is_go;
	uint64_t function_cnt; /* with unwind tables; 0: it has none */
	uint64_t name_cnt;     /* of functions, in all symbol tables that belong to it */
};

enum doctor_runtime {
	DOCTOR_NATIVE,
	DOCTOR_GO,
	DOCTOR_PYTHON,
	DOCTOR_JAVA,
	DOCTOR_NODE,
};

struct doctor_target {
	uint32_t pid, own_pid; /* the second in its own pid namespace */
	int err; /* 0; -ESRCH: there is no such process; -EACCES...: /proc/PID/maps can't be read */
	const char *comm;
	bool kthread;
	bool other_pid_ns, other_mount_ns; /* than ours: a container */
	bool exe_deleted;
	int memory_err; /* of reading its memory */
	struct doctor_file *files;
	size_t file_cnt;
	enum doctor_runtime runtime;
	unsigned int
		python_version; /* 0x030b; 0: not one that can be shown, and python_text says why */
	char python_text[256];
	bool makes_code;      /* has code in memory without a file */
	bool has_perf_map;    /* or jitdump */
	bool writes_perf_map; /* node: was started with --perf-basic-prof */
	bool keeps_fp;	      /* java: was started with -XX:+PreserveFramePointer */
	int debuginfod;	      /* os_debuginfod_ready() */
};

#endif
