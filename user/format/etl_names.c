/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_names.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

/* The first three fields are numbers, in little endian. */
const char *etl_guid_text(const uint8_t guid[16], char to[ETL_GUID_TEXT_BYTES])
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			to[len++] = '-';
		snprintf(to + len, 3, "%02x", guid[order[i]]);
		len += 2;
	}
	return to;
}

/* In the order of their bytes. */
#define GUID(d1, d2, d3, ...)                                                            \
	{                                                                                \
		(d1) & 0xff, (d1) >> 8 & 0xff, (d1) >> 16 & 0xff, (d1) >> 24, (d2)&0xff, \
			(d2) >> 8, (d3)&0xff, (d3) >> 8, __VA_ARGS__                     \
	}

static const struct {
	unsigned int group;
	const char *name;
	uint8_t class_guid[16];
} etl_groups[] = {
	{0, "EventTrace",
	 GUID(0x68fdd900, 0x4a3e, 0x11d1, 0x84, 0xf4, 0x00, 0x00, 0xf8, 0x04, 0x64, 0xe3)},
	{1, "DiskIo",
	 GUID(0x3d6fa8d4, 0xfe05, 0x11d0, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c)},
	{2, "PageFault",
	 GUID(0x3d6fa8d3, 0xfe05, 0x11d0, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c)},
	{3, "Process",
	 GUID(0x3d6fa8d0, 0xfe05, 0x11d0, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c)},
	{4, "FileIo",
	 GUID(0x90cbdc39, 0x4a3e, 0x11d1, 0x84, 0xf4, 0x00, 0x00, 0xf8, 0x04, 0x64, 0xe3)},
	{5, "Thread",
	 GUID(0x3d6fa8d1, 0xfe05, 0x11d0, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c)},
	{6, "TcpIp",
	 GUID(0x9a280ac0, 0xc8e0, 0x11d1, 0x84, 0xe2, 0x00, 0xc0, 0x4f, 0xb9, 0x98, 0xa2)},
	{8, "UdpIp",
	 GUID(0xbf3a50c5, 0xa9c9, 0x4988, 0xa0, 0x05, 0x2d, 0xf0, 0xb7, 0xc8, 0x0f, 0x80)},
	{11, "SystemConfig",
	 GUID(0x01853a65, 0x418f, 0x4f36, 0xae, 0xfc, 0xdc, 0x0f, 0x1d, 0x2f, 0xd2, 0x35)},
	{15, "PerfInfo",
	 GUID(0xce1dbfb4, 0x137e, 0x4da6, 0x87, 0xb0, 0x3f, 0x59, 0xaa, 0x10, 0x2c, 0xbc)},
	{20, "Image",
	 GUID(0x2cb15d1d, 0x5fc1, 0x11d2, 0xab, 0xe1, 0x00, 0xa0, 0xc9, 0x11, 0xf5, 0x18)},
	{24, "StackWalk",
	 GUID(0xdef2fe46, 0x7bd6, 0x4b80, 0xbd, 0x94, 0xf5, 0x7f, 0xe2, 0x0d, 0x0c, 0xe3)},
	{ETL_GROUP_LOST, "LostEvent",
	 GUID(0x6a399ae0, 0x4bc6, 0x4de9, 0x87, 0x0b, 0x36, 0x57, 0xf8, 0x94, 0x7e, 0x7e)},
};

static const struct {
	const char *name, *guid;
} etl_providers[] = {
	{"Microsoft-Windows-DotNETRuntime", "e13c0d23-ccbc-4e12-931b-d9cc2eee27e4"},
	{"Microsoft-Windows-DotNETRuntimeRundown", "a669021c-c450-4609-a035-5af59af4df18"},
	{"Microsoft-Windows-DotNETRuntimePrivate", "763fd754-7086-4dfe-95eb-c01a46faf4ca"},
	{"Microsoft-Windows-Kernel-Process", "22fb2cd6-0e7b-422b-a0c7-2fad1fd0e716"},
	{"Microsoft-Windows-Kernel-File", "edd08927-9cc4-4e65-b970-c2560fb5c289"},
	{"Microsoft-Windows-Kernel-Network", "7dd42a49-5329-4832-8dfd-43d979153a88"},
	{"Microsoft-Windows-Kernel-EventTracing", "b675ec37-bdb6-4648-bc92-f3fdc74d3ca2"},
	{"Microsoft-Windows-DNS-Client", "1c95126e-7eea-49a9-a3fe-a378b03ddb4d"},
	{"Microsoft-Windows-Immersive-Shell", "315a8872-923e-4ea2-9889-33cd4754bf64"},
	{"Microsoft-Windows-PowerShell", "a0c1853b-5c40-4b15-8766-3cf1c58f985a"},
	{"Microsoft-Windows-RPC", "6ad52b32-d609-4be9-ae07-ce8dae937e39"},
	{"System.Threading.Tasks.TplEventSource", "2e5dba47-a3d2-4d16-8ee0-6671ffdcd7b5"},
	{"System.Diagnostics.Eventing.FrameworkEventSource",
	 "8e9f5090-2d75-4d03-8a81-e5afbf85daf1"},
	{"PerfView", "a8a71ac1-040f-54a2-07ca-00a89b5ab761"},
	{"KernelTraceControl ImageID", "b3e675d7-2554-4f18-830b-2762732560de"},
	{"KernelTraceControl MetaData", "bbccf6c1-6cd1-48c4-80ff-839482e37671"},
	{"KernelTraceControl SystemConfig", "9b79ee91-b5fd-41c0-a243-4248e266e9d0"},
};

int etl_group_of_class(const uint8_t guid[16])
{
	for (size_t i = 0; i < ARRAY_SIZE(etl_groups); i++)
		if (!memcmp(guid, etl_groups[i].class_guid, 16))
			return (int)etl_groups[i].group;
	return -1;
}

const uint8_t *etl_class_of_group(unsigned int group)
{
	for (size_t i = 0; i < ARRAY_SIZE(etl_groups); i++)
		if (etl_groups[i].group == group)
			return etl_groups[i].class_guid;
	return NULL;
}

const char *etl_group_name(unsigned int group)
{
	for (size_t i = 0; i < ARRAY_SIZE(etl_groups); i++)
		if (etl_groups[i].group == group)
			return etl_groups[i].name;
	return NULL;
}

const char *etl_provider_name(const uint8_t guid[16])
{
	char text[ETL_GUID_TEXT_BYTES];

	etl_guid_text(guid, text);
	for (size_t i = 0; i < ARRAY_SIZE(etl_providers); i++)
		if (!strcmp(text, etl_providers[i].guid))
			return etl_providers[i].name;
	return NULL;
}
