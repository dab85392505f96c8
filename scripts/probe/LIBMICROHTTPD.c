/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <microhttpd.h>
#include <stddef.h>

/* The type of a handler's result came with 0.9.71. */
int main(void)
{
	enum MHD_Result yes = MHD_YES;

	MHD_suspend_connection(NULL);
	MHD_resume_connection(NULL);
	return MHD_is_feature_supported(MHD_FEATURE_EPOLL) == yes ? 0 : 1;
}
