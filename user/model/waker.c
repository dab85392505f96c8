/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/waker.h"

const char *waker_kind_name(enum waker_kind kind)
{
	static const char *const names[] = {
#define X(id, name, help) [WAKER_##id] = name,
		WAKER_LIST(X)
#undef X
	};

	return kind < WAKER_CNT ? names[kind] : names[WAKER_NONE];
}
