/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <curl/curl.h>
#include <stddef.h>

/* curl_multi_poll() came with 7.66, as did CURLINFO_RETRY_AFTER. */
int main(void)
{
	curl_off_t seconds;

	return curl_multi_poll(NULL, NULL, 0, 0, NULL) == CURLM_OK ||
	       curl_easy_getinfo(NULL, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK;
}
