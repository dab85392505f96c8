/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Who is at the other end of a connection of this machine, and whether they are still there. */
#ifndef BASE_OS_PEER_H
#define BASE_OS_PEER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The user at the other end: for unix sockets the one who connected, for TCP the owner of the socket that has our two
 * addresses the other way round, in this network namespace. The kernel is asked for exactly that one (sock_diag(7)).
 * -ENOENT: there is none, or nobody holds it any more; -errno: the kernel doesn't tell.
 */
int os_peer_uid(int fd, uint32_t *ret_uid);
/* The user that we are. */
uint32_t os_peer_own_uid(void);
/* Have they closed their end? Also one that only finished sending counts as gone. */
bool os_peer_gone(int fd);
/* Ends a connection of which somebody else owns the descriptor. */
void os_peer_hang_up(int fd);

#endif
