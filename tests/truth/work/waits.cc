// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Threads of a C++ program, each blocked another way, and some that work: condition variables, exceptions, signal
 * handlers, coroutines, other stacks. Ends when its standard input does.
 */
#include <alloca.h>
#include <algorithm>
#include <barrier>
#include <condition_variable>
#include <coroutine>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <poll.h>
#include <pthread.h>
#include <regex>
#include <semaphore>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

namespace
{

std::vector<std::function<void()>> entries;

struct Entry {
	explicit Entry(void (*function)())
	{
		entries.emplace_back(function);
	}
};

#define ENTRY(name)                                                                                \
	void name();                                                                               \
	const Entry entry_##name(name);                                                            \
	void name()

/* Something to wait in. The compiler must not see that it never returns. */
__attribute__((noinline)) void block()
{
	int ends[2];
	char byte;

	if (!pipe(ends))
		while (read(ends[0], &byte, 1) < 0)
			;
}

ENTRY(condition)
{
	std::mutex m;
	std::condition_variable c;
	std::unique_lock<std::mutex> lock(m);

	c.wait(lock, [] { return false; });
}

ENTRY(condition_timed)
{
	std::mutex m;
	std::condition_variable_any c;
	std::unique_lock<std::mutex> lock(m);

	for (;;)
		c.wait_for(lock, std::chrono::milliseconds(50));
}

std::mutex taken;

ENTRY(mutex)
{
	std::lock_guard<std::mutex> lock(taken);
}

std::timed_mutex timed;

ENTRY(mutex_timed)
{
	while (!timed.try_lock_for(std::chrono::seconds(1000)))
		;
}

std::shared_mutex shared;

ENTRY(read_lock)
{
	std::shared_lock<std::shared_mutex> lock(shared);
}

ENTRY(future)
{
	std::promise<int> p;

	p.get_future().get();
}

ENTRY(async)
{
	std::async(std::launch::async, block).get();
}

ENTRY(semaphore)
{
	std::binary_semaphore s(0);

	s.acquire();
}

ENTRY(barrier)
{
	std::barrier<> b(2);

	b.arrive_and_wait();
}

std::once_flag once;

ENTRY(call_once)
{
	std::call_once(once, block);
}

ENTRY(call_once_second)
{
	std::this_thread::sleep_for(std::chrono::milliseconds(50));
	std::call_once(once, block);
}

ENTRY(sleep)
{
	std::this_thread::sleep_for(std::chrono::hours(1));
}

ENTRY(join)
{
	std::thread t(block);

	t.join();
}

ENTRY(static_guard)
{
	static const int slow = (block(), 1);

	(void)slow;
}

ENTRY(in_catch)
{
	try {
		throw std::runtime_error("caught where it is waited for");
	} catch (const std::exception &) {
		block();
	}
}

struct Slow {
	~Slow()
	{
		block();
	}
};

__attribute__((noinline)) void throw_over_slow()
{
	Slow slow;

	throw std::logic_error("its way out leads through a destructor that waits");
}

ENTRY(in_unwind)
{
	try {
		throw_over_slow();
	} catch (const std::logic_error &) {
		std::abort();
	}
}

ENTRY(in_sort)
{
	std::vector<int> v{3, 1, 2};

	std::sort(v.begin(), v.end(), [](int a, int b) {
		block();
		return a < b;
	});
}

ENTRY(in_qsort)
{
	int v[] = {3, 1, 2};

	qsort(v, 3, sizeof(v[0]), [](const void *a, const void *b) {
		block();
		return memcmp(a, b, sizeof(int));
	});
}

struct Base {
	virtual ~Base() = default;
	virtual int wait(int n) = 0;
};

struct Derived : Base {
	int wait(int n) override
	{
		block();
		return n;
	}
};

ENTRY(in_virtual)
{
	std::unique_ptr<Base> b = std::make_unique<Derived>();
	std::function<int(int)> f = [&](int n) { return b->wait(n) + 1; };

	std::cerr << f(1);
}

/* Frames of unknown size: the CFA hangs on rbp. */
__attribute__((noinline)) size_t with_alloca(size_t n)
{
	char *memory = static_cast<char *>(alloca(n * 16 + 16));

	memset(memory, 1, n * 16 + 16);
	if (n)
		return with_alloca(n - 1) + static_cast<size_t>(memory[n]);
	block();
	return 0;
}

ENTRY(in_alloca)
{
	std::cerr << with_alloca(12);
}

struct alignas(64) Wide {
	char bytes[256];
};

/* An aligned frame: the CFA is an expression or hangs on another register. */
__attribute__((noinline)) int with_alignment(int n)
{
	volatile Wide wide = {};

	block();
	return wide.bytes[n];
}

ENTRY(in_aligned)
{
	std::cerr << with_alignment(3);
}

__attribute__((noinline)) size_t down(size_t n, const std::string &text)
{
	std::string mine = text + "x";

	if (!n) {
		block();
		return 0;
	}
	return down(n - 1, mine) + mine.size();
}

ENTRY(deep)
{
	std::cerr << down(70, "");
}

ENTRY(very_deep)
{
	std::cerr << down(180, "");
}

void handler(int)
{
	block();
}

ENTRY(in_handler)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
}

ENTRY(in_fault)
{
	struct sigaction sa = {};

	sa.sa_handler = handler;
	sigaction(SIGSEGV, &sa, nullptr);
	*reinterpret_cast<volatile int *>(16) = 1;
}

ENTRY(in_handler_of_wait)
{
	pthread_t waiter = pthread_self();

	signal(SIGUSR2, handler);
	std::thread t([=] {
		std::this_thread::sleep_for(std::chrono::milliseconds(100));
		pthread_kill(waiter, SIGUSR2);
		block();
	});
	poll(nullptr, 0, -1);
	t.join();
}

ENTRY(on_other_signal_stack)
{
	static char memory[1 << 16];
	stack_t stack = {};
	struct sigaction sa = {};

	stack.ss_sp = memory;
	stack.ss_size = sizeof(memory);
	sigaltstack(&stack, nullptr);
	sa.sa_handler = handler;
	sa.sa_flags = SA_ONSTACK;
	sigaction(SIGWINCH, &sa, nullptr);
	raise(SIGWINCH);
}

ENTRY(on_own_stack)
{
	static ucontext_t here, there;
	static char memory[1 << 16];

	getcontext(&there);
	there.uc_stack.ss_sp = memory;
	there.uc_stack.ss_size = sizeof(memory);
	there.uc_link = &here;
	makecontext(&there, block, 0);
	swapcontext(&here, &there);
}

struct Task {
	struct promise_type {
		Task get_return_object()
		{
			return {std::coroutine_handle<promise_type>::from_promise(*this)};
		}
		std::suspend_always initial_suspend() noexcept
		{
			return {};
		}
		std::suspend_always final_suspend() noexcept
		{
			return {};
		}
		void return_void()
		{
		}
		void unhandled_exception()
		{
			std::terminate();
		}
	};
	std::coroutine_handle<promise_type> handle;
};

Task coroutine(int n)
{
	while (n--)
		co_await std::suspend_always();
	block();
}

ENTRY(in_coroutine)
{
	Task t = coroutine(2);

	for (;;)
		t.handle.resume();
}

ENTRY(in_thread_exit)
{
	thread_local Slow slow;

	(void)&slow;
}

ENTRY(in_stream)
{
	int ends[2];
	std::string line;

	if (!pipe(ends)) {
		std::ifstream in("/proc/self/fd/" + std::to_string(ends[0]));
		std::getline(in, line);
	}
}

ENTRY(socket)
{
	int ends[2];
	char byte;

	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	while (recv(ends[0], &byte, 1, 0) < 0)
		;
}

ENTRY(in_system)
{
	if (system("sleep 1000"))
		block();
}

/* What works, so that a stop hits any instruction of it. */

ENTRY(throwing)
{
	for (unsigned n = 0;; n++) {
		try {
			std::stoi(n % 2 ? "no number" : "1");
		} catch (const std::invalid_argument &) {
			std::this_thread::sleep_for(std::chrono::microseconds(20));
		}
	}
}

ENTRY(matching)
{
	const std::regex r("(a|b)*c(d|e)+");

	for (;;)
		if (std::regex_match(std::string(40, 'a') + "cdede", r))
			std::this_thread::sleep_for(std::chrono::microseconds(20));
}

ENTRY(allocating)
{
	for (;;) {
		std::map<std::string, std::vector<int>> m;

		for (int i = 0; i < 100; i++)
			m[std::to_string(i * 7919)].assign(i, i);
		std::ostringstream out;
		for (const auto &e : m)
			out << e.first << e.second.size() << 1.5 * e.second.size();
		std::this_thread::sleep_for(std::chrono::microseconds(20));
	}
}

} // namespace

int main()
{
	std::string line;

	taken.lock();
	timed.lock();
	shared.lock();
	for (const auto &entry : entries)
		std::thread(entry).detach();
	std::cout << "ready" << std::endl;
	while (std::getline(std::cin, line))
		;
	_exit(0);
}
