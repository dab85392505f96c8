/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/metric_table.h"

const struct metric_family metric_table[METRIC_CNT] = {
#define X(id, name, type, labels, help) [METRIC_##id] = {name, METRIC_##type, labels, help},
	METRIC_LIST(X)
#undef X
};
