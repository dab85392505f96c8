/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_peer.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"

/* A question and its answer need no longer: the kernel answers at once. */
#define PEER_TIMEOUT_US 500000

static void peer_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _cleanup_fd_ _cleanup_(peer_close)

/* An address as the kernel's sock_diag has it: IPv4 that is written as IPv6 is IPv4. */
struct peer_address {
	int family;
	uint16_t port; /* in the network's order, as are the words */
	uint32_t words[4];
};

static int peer_address_of(const struct sockaddr_storage *from, struct peer_address *ret)
{
	const struct sockaddr_in6 *v6 = (const void *)from;
	const struct sockaddr_in *v4 = (const void *)from;

	*ret = (struct peer_address){.family = AF_INET};
	if (from->ss_family == AF_INET) {
		ret->port = v4->sin_port;
		memcpy(ret->words, &v4->sin_addr, sizeof(v4->sin_addr));
		return 0;
	}
	if (from->ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	ret->port = v6->sin6_port;
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(ret->words, &v6->sin6_addr.s6_addr[12], 4);
		return 0;
	}
	ret->family = AF_INET6;
	memcpy(ret->words, &v6->sin6_addr, sizeof(v6->sin6_addr));
	return 0;
}

struct peer_question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

static int peer_ask(int netlink, const struct peer_address *peer, const struct peer_address *us)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct peer_question q = {
		.header = {.nlmsg_len = sizeof(q),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST},
		/* Seen from their end. */
		.diag = {.sdiag_family = (uint8_t)peer->family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = ~0u,
			 .id = {.idiag_sport = peer->port,
				.idiag_dport = us->port,
				.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};

	memcpy(q.diag.id.idiag_src, peer->words, sizeof(peer->words));
	memcpy(q.diag.id.idiag_dst, us->words, sizeof(us->words));
	if (sendto(netlink, &q, sizeof(q), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

static int peer_hear(int netlink, const struct peer_address *peer, uint32_t *ret_uid)
{
	union {
		struct nlmsghdr header; /* aligns it */
		char bytes[4096];
	} answer;
	struct sockaddr_nl from = {.nl_pid = UINT32_MAX};
	socklen_t from_len = sizeof(from);
	ssize_t len =
		recvfrom(netlink, &answer, sizeof(answer), 0, (struct sockaddr *)&from, &from_len);
	const struct nlmsghdr *h = &answer.header;
	const struct inet_diag_msg *msg = NLMSG_DATA(h);
	const struct nlmsgerr *error = NLMSG_DATA(h);

	if (len < 0)
		return -errno;
	/* The kernel is 0. */
	if (from.nl_pid || (size_t)len < sizeof(*h) || !NLMSG_OK(h, (size_t)len))
		return -EBADMSG;
	if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)))
		return error->error < 0 ? error->error : -EBADMSG;
	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)))
		return -EBADMSG;
	if (msg->id.idiag_sport != peer->port)
		return -ENOENT;
	/* A socket that nobody holds any more has no file, and is said to be root's. */
	if (!msg->idiag_inode)
		return -ENOENT;
	*ret_uid = msg->idiag_uid;
	return 0;
}

static int peer_uid_tcp(const struct sockaddr_storage *peer_addr, int fd, uint32_t *ret_uid)
{
	struct timeval timeout = {.tv_usec = PEER_TIMEOUT_US};
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(addr);
	struct peer_address peer, us;
	_cleanup_fd_ int netlink = -1;
	int err;

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return -errno;
	err = peer_address_of(peer_addr, &peer);
	if (!err)
		err = peer_address_of(&addr, &us);
	if (err)
		return err;
	if (peer.family != us.family)
		return -EAFNOSUPPORT;
	netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (netlink < 0)
		return -errno;
	setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	err = peer_ask(netlink, &peer, &us);
	return err ? err : peer_hear(netlink, &peer, ret_uid);
}

int os_peer_uid(int fd, uint32_t *ret_uid)
{
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(addr);
	struct ucred cred;

	if (getpeername(fd, (struct sockaddr *)&addr, &len) < 0)
		return -errno;
	if (addr.ss_family != AF_UNIX)
		return peer_uid_tcp(&addr, fd, ret_uid);
	len = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*ret_uid = cred.uid;
	return 0;
}

uint32_t os_peer_own_uid(void)
{
	return geteuid();
}

bool os_peer_gone(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL);
}

void os_peer_hang_up(int fd)
{
	shutdown(fd, SHUT_RDWR);
}
