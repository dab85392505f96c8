/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "pattern.h"

#include <errno.h>

#include "base/log.h"

int pattern_compile(const char *option, const char *text, regex_t *ret)
{
	int err = regcomp(ret, text, REG_EXTENDED | REG_NOSUB);
	char why[128];

	if (!err)
		return 0;
	regerror(err, ret, why, sizeof(why));
	return error_set(-EINVAL, "%s: '%s' is no extended regular expression: %s", option, text,
			 why);
}
