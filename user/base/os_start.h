/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What has to be done before a program does anything, and with its words. */
#ifndef BASE_OS_START_H
#define BASE_OS_START_H

/*
 * The first call of main(). Where the system hands words over in another way than as UTF-8 they are replaced, and standard
 * streams are made to pass bytes as they are. 0; -ENOMEM.
 */
int os_start(int *argc, char ***argv);
/*
 * Puts files in the place of the operands with wildcards, as shells do on Linux; one that no file matches stays as it is.
 * *@operands was allocated and is replaced; the words live as long as the program. 0; -ENOMEM.
 */
int os_expand_wildcards(int *cnt, char ***operands);

#endif
