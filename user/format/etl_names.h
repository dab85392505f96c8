/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of what sends events on Windows: the kernel's groups, and the providers that matter to us or are common. */
#ifndef FORMAT_ETL_NAMES_H
#define FORMAT_ETL_NAMES_H

#include <stdint.h>

#define ETL_GUID_TEXT_BYTES 37

enum etl_group {
	ETL_GROUP_TRACE = 0,
	ETL_GROUP_PROCESS = 3,
	ETL_GROUP_THREAD = 5,
	ETL_GROUP_SYSTEM = 11,
	ETL_GROUP_PERFINFO = 15,
	ETL_GROUP_IMAGE = 20,
	ETL_GROUP_STACK = 24,
	ETL_GROUP_LOST = 256, /* no group of the kernel: the class that tells of losses */
	ETL_GROUP_CNT,
};

/* Opcodes of the groups. */
enum etl_opcode {
	ETL_THREAD_SWITCH = 36,
	ETL_THREAD_READY = 50,
	ETL_PERFINFO_SAMPLE = 46,
	ETL_PERFINFO_SYSCALL = 51,
	ETL_PERFINFO_SYSCALL_EXIT = 52,
	ETL_STACK_WHOLE = 32,
	ETL_STACK_KEY_CREATE = 34,
	ETL_STACK_KEY_DELETE = 35,
	ETL_STACK_KEY_RUNDOWN = 36,
	ETL_STACK_KEY_KERNEL = 37,
	ETL_STACK_KEY_USER = 38,
};

/* "e13c0d23-ccbc-4e12-931b-d9cc2eee27e4"; returns @to. */
const char *etl_guid_text(const uint8_t guid[16], char to[ETL_GUID_TEXT_BYTES]);

/*
 * The group whose class this is: other programs, and merges of traces, send the kernel's events with a class in place of a group.
 * -1: it is another provider.
 */
int etl_group_of_class(const uint8_t guid[16]);

/* And back, 16 bytes; NULL: unknown. */
const uint8_t *etl_class_of_group(unsigned int group);

/* "Thread"; NULL: unknown. */
const char *etl_group_name(unsigned int group);
/* "Microsoft-Windows-Kernel-File"; NULL: unknown. */
const char *etl_provider_name(const uint8_t guid[16]);

#endif
