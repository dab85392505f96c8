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

static const struct {
	unsigned int group;
	const char *name, *class_guid;
} etl_groups[] = {
	{0, "EventTrace", "68fdd900-4a3e-11d1-84f4-0000f80464e3"},
	{1, "DiskIo", "3d6fa8d4-fe05-11d0-9dda-00c04fd7ba7c"},
	{2, "PageFault", "3d6fa8d3-fe05-11d0-9dda-00c04fd7ba7c"},
	{3, "Process", "3d6fa8d0-fe05-11d0-9dda-00c04fd7ba7c"},
	{4, "FileIo", "90cbdc39-4a3e-11d1-84f4-0000f80464e3"},
	{5, "Thread", "3d6fa8d1-fe05-11d0-9dda-00c04fd7ba7c"},
	{6, "TcpIp", "9a280ac0-c8e0-11d1-84e2-00c04fb998a2"},
	{8, "UdpIp", "bf3a50c5-a9c9-4988-a005-2df0b7c80f80"},
	{11, "SystemConfig", "01853a65-418f-4f36-aefc-dc0f1d2fd235"},
	{15, "PerfInfo", "ce1dbfb4-137e-4da6-87b0-3f59aa102cbc"},
	{20, "Image", "2cb15d1d-5fc1-11d2-abe1-00a0c911f518"},
	{24, "StackWalk", "def2fe46-7bd6-4b80-bd94-f57fe20d0ce3"},
	{ETL_GROUP_LOST, "LostEvent", "6a399ae0-4bc6-4de9-870b-3657f8947e7e"},
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
	char text[ETL_GUID_TEXT_BYTES];

	etl_guid_text(guid, text);
	for (size_t i = 0; i < ARRAY_SIZE(etl_groups); i++)
		if (!strcmp(text, etl_groups[i].class_guid))
			return (int)etl_groups[i].group;
	return -1;
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
