/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A program that the service manager of Windows started. */
#ifndef BASE_OS_SERVICE_H
#define BASE_OS_SERVICE_H

/*
 * Runs @fn(@arg) as the service that the manager asked for; its wish to stop comes as os_signal_stop(). @fn's result is the exit status,
 * 0 or not. 0 or -errno with error_set(): the manager didn't start this program.
 */
int os_service_run(int (*fn)(void *arg), void *arg, int *ret_status);
/* From here on messages go to the end of the file at @path: a service has no standard error. 0 or -errno. */
int os_service_log_to(const char *path);

#endif
