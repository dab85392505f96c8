/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Is standard error systemd's journal? */
#ifndef BASE_OS_JOURNAL_H
#define BASE_OS_JOURNAL_H

#include <stdbool.h>

/* By JOURNAL_STREAM, "DEVICE:INODE", which names the file that stderr was when the manager opened it (systemd.exec(5)). */
bool os_stderr_is_journal(void);

#endif
