/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * socket unix|tcp|udp ROUNDS DELAY_US: a client sends a byte over the loopback, the server keeps it for
 * DELAY_US and sends it back. Both read without a poll.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gate.h"

static int client_fd, server_fd;
static uint64_t rounds, delay_ns;
static struct meter asked, answered;

static work_frame void work_recv(int fd, struct meter *m)
{
	uint64_t since = now_ns();
	char c;

	if (raw_syscall(SYS_recvfrom, fd, (long)&c, 1, 0, 0, 0) != 1)
		die("recvfrom");
	meter_add(m, since);
}

static void send_byte(int fd)
{
	if (send(fd, "x", 1, 0) != 1)
		die("send");
}

static void *client(void *arg work_maybe)
{
	thread_says("net-client");
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++) {
		send_byte(client_fd);
		work_recv(client_fd, &asked);
	}
	gate_pass(&finish);
	return NULL;
}

static void *server(void *arg work_maybe)
{
	thread_says("net-server");
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++) {
		work_recv(server_fd, &answered);
		if (delay_ns)
			nap_ns(delay_ns);
		send_byte(server_fd);
	}
	gate_pass(&finish);
	return NULL;
}

static void connect_tcp(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	client_fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (void *)&addr, len) || listen(fd, 1) || getsockname(fd, (void *)&addr, &len) ||
	    connect(client_fd, (void *)&addr, len))
		die("tcp");
	server_fd = accept(fd, NULL, NULL);
}

static int udp_socket(struct sockaddr_in *ret_addr)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(fd, (void *)&addr, len) || getsockname(fd, (void *)&addr, &len))
		die("udp");
	*ret_addr = addr;
	return fd;
}

static void connect_udp(void)
{
	struct sockaddr_in a, b;

	client_fd = udp_socket(&a);
	server_fd = udp_socket(&b);
	if (connect(client_fd, (void *)&b, sizeof(b)) || connect(server_fd, (void *)&a, sizeof(a)))
		die("connect");
}

static void connect_unix(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		die("socketpair");
	client_fd = fds[0];
	server_fd = fds[1];
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "unix";

	rounds = arg_u64(argc, argv, 2, 100);
	delay_ns = arg_u64(argc, argv, 3, 5000) * 1000;
	if (!strcmp(kind, "tcp"))
		connect_tcp();
	else if (!strcmp(kind, "udp"))
		connect_udp();
	else
		connect_unix();
	start_thread(client, NULL);
	start_thread(server, NULL);
	gate_await(&start, 2);
	work_ready();
	gate_open(&start);
	gate_await(&finish, 2);
	meter_say("asked", &asked);
	meter_say("answered", &answered);
	work_done();
	return 0;
}
