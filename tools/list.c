/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell list: the words that options take, with what they mean, from the tables that the program itself uses. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/os_read.h"
#include "commands.h"
#include "format/syscall_table.h"
#include "list_probes.h"
#include "model/reason.h"
#include "output/json_writer.h"
#include "output/writer.h"

struct list_config {
	bool json;
};

static bool list_reason(size_t i, struct list_item *ret)
{
	if (i >= REASON_CNT)
		return false;
	/* `other`, the first of the table, is what is left. */
	i = (i + 1) % REASON_CNT;
	*ret = (struct list_item){reason_name((enum reason)i), reason_help((enum reason)i)};
	return true;
}

static bool list_syscall(size_t i, struct list_item *ret)
{
	*ret = (struct list_item){syscall_nth_name(i), ""};
	return ret->name;
}

static bool list_error(size_t i, struct list_item *ret)
{
	const char *name = syscall_nth_error(i);

	*ret = (struct list_item){name, name ? os_linux_error((int)syscall_find_error(name)) : ""};
	return name;
}

static bool list_format(size_t i, struct list_item *ret)
{
	const struct writer *const *all = writers();
	size_t cnt = 0;

	while (all[cnt])
		cnt++;
	if (i >= cnt)
		return false;
	*ret = (struct list_item){all[i]->name, all[i]->help};
	return true;
}

static const struct {
	const char *name, *help;
	bool (*item)(size_t i, struct list_item *ret); /* false: there is no such one */
} list_sets[] = {
	{"reasons", "why threads wait: --reason", list_reason},
	{"formats", "what is written: --format", list_format},
	{"syscalls",
	 "system calls of this machine: dwell syscalls --syscall, dwell serve --syscalls",
	 list_syscall},
	{"errors", "what system calls fail with: dwell syscalls --errno", list_error},
	{"probes", "tracepoints of the kernel that are attached to, and to see what", list_probe},
};

static bool list_set(size_t i, struct list_item *ret)
{
	if (i >= ARRAY_SIZE(list_sets))
		return false;
	*ret = (struct list_item){list_sets[i].name, list_sets[i].help};
	return true;
}

static const char *list_set_name(size_t i)
{
	return i < ARRAY_SIZE(list_sets) ? list_sets[i].name : NULL;
}

/* ---- output ---- */

static void list_print(bool (*item)(size_t i, struct list_item *ret))
{
	struct list_item it;
	size_t width = 0;

	for (size_t i = 0; item(i, &it); i++)
		width = strlen(it.name) > width ? strlen(it.name) : width;
	for (size_t i = 0; item(i, &it); i++)
		if (*it.help)
			printf("%-*s  %s\n", (int)width, it.name, it.help);
		else
			printf("%s\n", it.name);
}

static int list_print_json(bool (*item)(size_t i, struct list_item *ret))
{
	struct list_item it;
	struct out out;
	struct json j;

	out__init(&out, stdout);
	json__init(&j, &out);
	json__begin_array(&j);
	for (size_t i = 0; item(i, &it); i++) {
		json__line(&j);
		json__begin_object(&j);
		json__member_string(&j, "name", it.name);
		if (*it.help)
			json__member_string(&j, "help", it.help);
		json__end_object(&j);
	}
	json__line(&j);
	json__end_array(&j);
	out__puts(&out, "\n");
	return out__finish(&out);
}

/* ---- the command ---- */

static int list_find(int operand_cnt, char **operands,
		     bool (**ret)(size_t i, struct list_item *ret))
{
	if (!operand_cnt)
		return 0;
	for (size_t i = 0; operand_cnt == 1 && i < ARRAY_SIZE(list_sets); i++) {
		if (strcmp(operands[0], list_sets[i].name) != 0)
			continue;
		*ret = list_sets[i].item;
		return 0;
	}
	return error_set(-EINVAL, "no list '%s': dwell list names them all",
			 operands[operand_cnt - 1]);
}

static int run_list(const void *config, int operand_cnt, char **operands, char **command)
{
	const struct list_config *c = config;
	bool (*item)(size_t i, struct list_item * ret) = list_set;
	int err = command ? error_set(-EINVAL, "list takes no command: dwell list names all lists")
			  : list_find(operand_cnt, operands, &item);

	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	if (!c->json)
		list_print(item);
	else
		err = list_print_json(item);
	if (!err && fflush(stdout))
		err = -errno;
	if (err)
		log_error("can't write: %s", strerror(-err));
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static const struct option_def list_options[] = {
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct list_config, json),
	 .help = "as JSON: an array of objects with name and help"},
	OPTION_END,
};

static const struct command_example list_examples[] = {
	{"dwell list", "which lists there are"},
	{"dwell list reasons", "why threads wait, as --reason takes it"},
	{.line = NULL},
};

const struct command list_command = {
	.name = "list",
	.summary = "the words that options take: reasons, formats, system calls, errors; probes",
	.operands = "[LIST]",
	.operand = {VALUE_ONE_OF, .word = list_set_name},
	.description = "Prints the words of LIST, one per line, with what they mean; without LIST "
		       "the names of the lists. They come from the "
		       "tables that the program itself uses.",
	.options = list_options,
	.examples = list_examples,
	.config_size = sizeof(struct list_config),
	.run = run_list,
};
