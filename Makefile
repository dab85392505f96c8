# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# One makefile for everything; `make help` lists what it can do. Sources are found by wildcard: a new
# file in a room of user/, in tools/ or in tests/ needs no line here.

O ?= build
V ?= 0
PREFIX ?= /usr/local
TIME ?= 60
CLANG ?= clang
LLVM_STRIP ?= $(subst clang,llvm-strip,$(CLANG))
PKG_CONFIG ?= pkg-config
ifeq ($(origin CC),default)
CC := gcc
endif
ifneq ($(words $(O)),1)
$(error O=$(O): give one directory)
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
FORCE:
.PHONY: FORCE all windows built help demo tutorial docs-pictures install clean test test-long check unit golden live browser truth deploy deb dist analyze analyze-gcc analyze-tidy scan-build test-vm test-vm-ci kernels soak bench-vm-switch fuzz programs

# Quiet like the kernel's: one line per file, the commands with V=1.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(patsubst $(O)/%,%,$@)
endif

# `make test` and the like install first and build then, in a make of their own: in parallel, also
# without -j, unless a job server is there already.
NPROC := $(shell nproc 2>/dev/null || echo 1)
build = +$(Q)$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(NPROC)) built WHAT="$(1)"
built: $(WHAT)
	@:

# ---- what to build from ----

# Files called *_windows.c are those of dwell.exe, where they stand in the place of others (below).
# Sorted: the order of files on a disk must not show in a program.
USER_C := $(sort $(filter-out %_windows.c,$(wildcard user/*/*.c)))
USER_S := $(sort $(wildcard user/*/*.S))
TOOLS_C := $(sort $(filter-out %_windows.c,$(wildcard tools/*.c)))
ASSETS := $(wildcard user/output/*.js user/output/*.css user/app/*.bash user/app/*.zsh user/app/*.fish)
BPF_OBJS := $(patsubst %,$(O)/bpf/%.bpf.o,offcpu_core offcpu_compat offcpu_bounded offcpu_minimal \
	syscalls_core syscalls_compat syscalls_minimal runq_core runq_compat \
	snapshot_compat snapshot_minimal go_events_core go_memory)
MAN_PAGES := $(patsubst %,$(O)/man/dwell-%.1,offcpu wakeups chains locks syscalls runq top dump goroutines record report info diff check serve push doctor selftest list \
	completion)
COMPLETIONS := $(patsubst %,$(O)/completion/dwell.%,bash zsh fish)
VERSION := $(shell cat VERSION)

# ---- flags ----

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wshadow
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
# What this compiler has of it; flags of the caller come later and win.
HARDENING := $(shell scripts/hardening compile $(CC) $(CPPFLAGS) $(CFLAGS))
HARDENING_LD := $(shell scripts/hardening link $(CC) $(CPPFLAGS) $(CFLAGS))

LIBS := libbpf libelf zlib
LIBS_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
LIBS_LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null)

# Optional libraries. A name in FEATURES needs scripts/probe/NAME.c, which is compiled and linked with
# NAME_LDLIBS; where that works the program gets -DHAVE_NAME, unless WITHOUT_NAME=1.
FEATURES := LIBIBERTY LIBDW LZMA LIBCURL LIBMICROHTTPD
LIBIBERTY_LDLIBS := -liberty
LIBDW_LDLIBS := -ldw
LZMA_LDLIBS := -llzma
LIBCURL_LDLIBS := -lcurl
LIBMICROHTTPD_LDLIBS := -lmicrohttpd
have = $(shell $(CC) scripts/probe/$(1).c -o /dev/null $($(1)_LDLIBS) 2>/dev/null && echo 1)
HAVE := $(foreach f,$(FEATURES),$(if $(WITHOUT_$(f)),,$(if $(call have,$(f)),$(f))))

# What every C file of ours is compiled with, whatever it becomes. Paths in debug information name neither
# the directory of the sources nor that of the build.
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=. $(if $(filter-out build,$(O)),-ffile-prefix-map=$(O)/=build/)
COMMON_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Iuser -Ibpf -I$(O)/gen $(HAVE:%=-DHAVE_%) $(LIBS_CFLAGS) \
	$(PREFIX_MAP) -MMD -MP $(WARNINGS)
DWELL_CFLAGS := $(COMMON_CFLAGS) $(HARDENING) $(CPPFLAGS) $(CFLAGS)
DWELL_LDFLAGS := $(HARDENING_LD) $(LDFLAGS)
DWELL_LDLIBS := $(foreach f,$(HAVE),$($(f)_LDLIBS)) $(LIBS_LDLIBS) -ldl -lm $(LDLIBS)
SAN_CFLAGS := $(COMMON_CFLAGS) -Itests -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_CFLAGS := $(COMMON_CFLAGS) -Itests -O1 -g -fsanitize=address,undefined,fuzzer-no-link \
	-fno-sanitize-recover=undefined
WORK_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -pthread -MMD -MP $(WARNINGS)

BPF_ARCH := $(patsubst x86_64%,x86,$(patsubst aarch64%,arm64,$(shell $(CC) -dumpmachine 2>/dev/null)))
BPF_CFLAGS := -target bpf -O2 -g -std=gnu11 -Ivmlinux -Ibpf -D__TARGET_ARCH_$(BPF_ARCH) $(LIBS_CFLAGS) \
	$(PREFIX_MAP) -MMD -MP -Wall -Werror

# ---- the program ----

all: $(O)/dwell

OBJS := $(patsubst %,$(O)/obj/%.o,$(basename $(USER_C) $(USER_S) $(TOOLS_C)))
# What has to be there before the first file is compiled; after that the dependency files know.
GENERATED := $(O)/gen/version.h $(O)/gen/syscall_tables.inc $(patsubst %,$(O)/gen/%.inc,$(notdir $(ASSETS)))
PREPARED := $(O)/gen/flags | $(O)/gen/deps $(GENERATED)

$(O)/dwell: $(OBJS)
	$(call say,LINK)
	$(Q)$(CC) $(DWELL_CFLAGS) $(DWELL_LDFLAGS) $(OBJS) -o $@ $(DWELL_LDLIBS)

$(O)/obj/%.o: %.c $(PREPARED)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DWELL_CFLAGS) -c $< -o $@

# The BPF objects are part of the program: .incbin looks for them in $(O)/bpf.
$(O)/obj/%.o: %.S $(BPF_OBJS) $(PREPARED)
	$(call say,AS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DWELL_CFLAGS) -Wa,-I,$(O)/bpf -c $< -o $@

# One source, up to three programs: for kernels with task storage, for those that don't take it, for old ones.
$(O)/bpf/%_core.bpf.o $(O)/analyze/bpf/%_core.ok: BPF_VARIANT := -DDWELL_VARIANT_CORE -mcpu=v3
$(O)/bpf/%_compat.bpf.o $(O)/analyze/bpf/%_compat.ok: BPF_VARIANT := -DDWELL_VARIANT_COMPAT -mcpu=v3
$(O)/bpf/%_bounded.bpf.o $(O)/analyze/bpf/%_bounded.ok: BPF_VARIANT := -DDWELL_VARIANT_BOUNDED -mcpu=v2
$(O)/bpf/%_minimal.bpf.o $(O)/analyze/bpf/%_minimal.ok: BPF_VARIANT := -DDWELL_VARIANT_MINIMAL -mcpu=v2
$(O)/bpf/runq_compat.bpf.o: BPF_VARIANT := -DDWELL_VARIANT_COMPAT -mcpu=v2
$(filter $(O)/bpf/offcpu_%,$(BPF_OBJS)): bpf/offcpu.bpf.c
$(filter $(O)/bpf/syscalls_%,$(BPF_OBJS)): bpf/syscalls.bpf.c
$(filter $(O)/bpf/runq_%,$(BPF_OBJS)): bpf/runq.bpf.c
$(filter $(O)/bpf/snapshot_%,$(BPF_OBJS)): bpf/snapshot.bpf.c
$(filter $(O)/bpf/go_events_%,$(BPF_OBJS)): bpf/go_events.bpf.c
$(O)/bpf/go_memory.bpf.o: BPF_VARIANT := -mcpu=v3
$(O)/bpf/go_memory.bpf.o: bpf/go_memory.bpf.c
$(BPF_OBJS): $(O)/gen/flags | $(O)/gen/deps
	$(call say,BPF)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(BPF_VARIANT) -c $(filter %.bpf.c,$^) -o $@
	$(Q)$(LLVM_STRIP) -g $@

# ---- the program for Windows ----

# What speaks to Linux, traces it, or reads what only its programs have. A file x.c for which there is an x_windows.c is left
# out as well.
WINDOWS_WITHOUT := $(patsubst %,user/base/os_%.c,cap debuginfod dir http_client journal notify open output peer privilege \
		socket socket_address stream tty user wait) \
	$(patsubst %,user/format/%.c,elf elf_% cfi cfi_% go_% gopclntab gopclntab_% goroutine python python_%) \
	$(patsubst %,user/symbol/%.c,debug_file dwarf_% elf_resolver go_frames go_symbols jit_% kernel_resolver vdso_resolver) \
	$(patsubst %,user/source/%.c,bpf bpf_% go go_% live_events os_% proc_% python_places since snapshot) \
	$(patsubst %,user/analyze/%.c,go_%) \
	$(patsubst %,user/output/%.c,go_% goroutines_% http http_%) \
	$(patsubst %,user/app/%.c,config_reload disk_state doctor doctor_% go_% push push_% rotation rotation_% \
		spool spool_% throttle window_writer) \
	$(patsubst %,tools/%.c,call_stacks doctor doctor_facts dump go_% goroutines goroutines_% locks push runq serve_calls serve_go serve_go_% serve_http serve_options serve_watch syscalls_run top top_%)

WINDOWS_CC ?= x86_64-w64-mingw32-gcc
W := $(O)/windows

# Debian has libiberty, which names C++ and Rust functions, for Windows as source only (binutils-source). Three of its files are
# compiled where it is there.
BINUTILS_TAR := $(if $(WITHOUT_LIBIBERTY),,$(lastword $(sort $(wildcard /usr/src/binutils/binutils-*.tar.xz))))
LIBIBERTY_OBJS := $(if $(BINUTILS_TAR),$(patsubst %,$(W)/libiberty/%.o,cp-demangle rust-demangle safe-ctype))
# Out of the same pattern: the order of bit fields is that of Linux, printf() that of the C standard. -include for what the C
# library there lacks.
WINDOWS_CFLAGS := -std=gnu11 -D_GNU_SOURCE -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0601 -mno-ms-bitfields \
	-Iuser -Ibpf -I$(O)/gen -Iwindows -include windows/libc.h $(if $(BINUTILS_TAR),-DHAVE_LIBIBERTY -isystem $(W)/libiberty) \
	$(PREFIX_MAP) -MMD -MP $(WARNINGS) -fstack-protector-strong $(CFLAGS)
# All of it is in the program but DLLs of Windows itself. The stack is as large as Linux'. No time of the build is in it.
WINDOWS_LDFLAGS := -static -Wl,--stack,8388608 -Wl,--dynamicbase,--nxcompat,--high-entropy-va -Wl,--no-insert-timestamp
WINDOWS_LDLIBS := -lz -lshell32 -ladvapi32 -lpthread
WINDOWS_OWN_C := $(sort $(wildcard user/*/*_windows.c tools/*_windows.c windows/*.c))
WINDOWS_C := $(filter-out $(WINDOWS_WITHOUT) $(WINDOWS_OWN_C:_windows.c=.c),$(USER_C) $(TOOLS_C)) \
	$(WINDOWS_OWN_C)
WINDOWS_OBJS := $(WINDOWS_C:%.c=$(W)/obj/%.o)

# Tests take it where it can be built.
WINDOWS_EXE := $(if $(shell echo '\#include <zlib.h>' | $(WINDOWS_CC) -E -x c - 2>/dev/null),$(W)/dwell.exe)

windows:
	@$(DEPS) windows
	$(call build,$(W)/dwell.exe)

$(W)/dwell.exe: $(WINDOWS_OBJS) $(LIBIBERTY_OBJS)
	$(call say,LINK)
	$(Q)$(WINDOWS_CC) $(WINDOWS_CFLAGS) $(WINDOWS_LDFLAGS) $^ -o $@ $(WINDOWS_LDLIBS)

# For its tests: a DLL that tells of a trace as Windows would (tests/windows/fake_etw.c).
$(W)/fake_etw.dll: $(W)/obj/tests/windows/fake_etw.o $(filter $(W)/obj/user/% $(W)/obj/windows/%,$(WINDOWS_OBJS)) $(LIBIBERTY_OBJS)
	$(call say,LINK)
	$(Q)$(WINDOWS_CC) -shared $(WINDOWS_CFLAGS) -static $^ -o $@ $(WINDOWS_LDLIBS)

$(W)/obj/%.o: %.c $(W)/flags | $(GENERATED)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(WINDOWS_CC) $(WINDOWS_CFLAGS) -c $< -o $@

$(W)/libiberty/unpacked: $(BINUTILS_TAR)
	$(call say,UNPACK)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xJf $< -C $(@D) --strip-components=1 --wildcards '*/include/*.h' '*/libiberty/*demangle.[ch]' '*/libiberty/safe-ctype.c'
	$(Q)rm -rf $(@D)/source && mv $(@D)/libiberty $(@D)/source && mv $(@D)/include $(@D)/libiberty
	@touch $@

$(LIBIBERTY_OBJS): $(W)/libiberty/%.o: $(W)/libiberty/unpacked $(W)/flags
	$(call say,CC)
	$(Q)$(WINDOWS_CC) -O2 $(PREFIX_MAP) -I$(W)/libiberty/libiberty -DHAVE_STDLIB_H -DHAVE_STRING_H -DHAVE_SNPRINTF \
		-D__USE_MINGW_ANSI_STDIO=1 -c $(W)/libiberty/source/$*.c -o $@

$(if $(BINUTILS_TAR),$(W)/obj/user/symbol/demangle.o: | $(W)/libiberty/unpacked)

$(W)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(WINDOWS_CC) $(WINDOWS_CFLAGS) $(WINDOWS_LDFLAGS) $(WINDOWS_LDLIBS))' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# ---- generated files ----

# Says what is missing instead of letting the first compiler error say it.
$(O)/gen/deps: scripts/deps
	@mkdir -p $(@D)
	@CC='$(CC)' CLANG='$(CLANG)' LLVM_STRIP='$(LLVM_STRIP)' PKG_CONFIG='$(PKG_CONFIG)' scripts/deps --check build
	@touch $@

# Files that are looked at by every make and written only when they would change.
$(O)/gen/version.h: FORCE
	@scripts/version $@

$(O)/gen/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(DWELL_CFLAGS) $(SAN_CFLAGS) $(DWELL_LDFLAGS) $(DWELL_LDLIBS) \
		$(CLANG) $(BPF_CFLAGS) $(FUZZ_CFLAGS))' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The numbers of system calls and errors as the C library's and the kernel's own headers know them, for the machine that
# is compiled for.
$(O)/gen/syscall_tables.inc: scripts/syscall-tables $(O)/gen/flags
	$(call say,TABLES)
	@mkdir -p $(@D)
	$(Q)scripts/syscall-tables $(CC) > $@

vpath %.js user/output
vpath %.css user/output
vpath %.bash user/app
vpath %.zsh user/app
vpath %.fish user/app
$(O)/gen/%.inc: % scripts/embed
	$(call say,EMBED)
	@mkdir -p $(@D)
	$(Q)scripts/embed $< > $@

# The page's date is that of the sources, never that of the build.
$(O)/man/dwell-%.1: $(O)/dwell scripts/man-date
	$(call say,MAN)
	@mkdir -p $(@D)
	$(Q)DWELL_MAN_DATE="$$(scripts/man-date)" $(O)/dwell man $* > $@

$(O)/completion/dwell.%: $(O)/dwell
	$(call say,SHELL)
	@mkdir -p $(@D)
	$(Q)$(O)/dwell completion $* > $@

# ---- install, demo ----

SHARE := $(DESTDIR)$(PREFIX)/share

install: $(O)/dwell $(MAN_PAGES) $(COMPLETIONS)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1
	install -m 755 $(O)/dwell $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(MAN_PAGES) docs/dwell.1 $(SHARE)/man/man1/
	install -D -m 644 $(O)/completion/dwell.bash $(SHARE)/bash-completion/completions/dwell
	install -D -m 644 $(O)/completion/dwell.zsh $(SHARE)/zsh/site-functions/_dwell
	install -D -m 644 $(O)/completion/dwell.fish $(SHARE)/fish/vendor_completions.d/dwell.fish

dist:
	@scripts/dist $(O)/dist

deb:
	@$(DEPS) deb
	@scripts/deb $(O)/deb

demo:
	@$(DEPS) build
	$(call build,$(O)/dwell $(O)/demo)
	@scripts/demo $(O)

$(O)/demo: docs/demo/demo.c $(O)/gen/flags | $(O)/gen/deps
	$(call say,CC)
	$(Q)$(CC) $(WORK_CFLAGS) $< -o $@

# The programs of docs/tutorial.md.
TUTORIAL := $(patsubst docs/tutorial/%.c,$(O)/tutorial/%,$(wildcard docs/tutorial/*.c))

tutorial:
	@$(DEPS) build
	$(call build,$(TUTORIAL))

$(TUTORIAL): $(O)/tutorial/%: docs/tutorial/%.c docs/tutorial/lesson.h $(O)/gen/flags | $(O)/gen/deps
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(WORK_CFLAGS) -pthread $< -o $@

docs-pictures:
	@$(DEPS) test
	$(call build,$(O)/dwell $(TUTORIAL))
	@scripts/docs-pictures $(O)

# ---- tests ----

DEPS := CC='$(CC)' CLANG='$(CLANG)' LLVM_STRIP='$(LLVM_STRIP)' PKG_CONFIG='$(PKG_CONFIG)' scripts/deps
RUN := DWELL='$(abspath $(O)/dwell)' BUILD='$(abspath $(O))' CC='$(CC)' tests/run

# The C files in tests/unit, golden and browser become a program each, with what they need of user/ and
# tests/fixtures/, all sanitised. Those called test_* are run, others are tools of the scripts beside them.
SAN_OBJS := $(patsubst %.c,$(O)/san/%.o,$(USER_C) $(wildcard tests/fixtures/*.c)) \
	$(patsubst %.S,$(O)/obj/%.o,$(USER_S))
FUZZ_OBJS := $(SAN_OBJS:$(O)/san/%=$(O)/fuzz/obj/%)
C_PROGRAMS := $(patsubst %.c,$(O)/%,$(wildcard $(patsubst %,tests/%/*.c,unit golden browser)))
WORK_PROGRAMS := $(patsubst tests/live/work/%.c,$(O)/tests/work/%,$(wildcard tests/live/work/*.c))
BENCH_PROGRAMS := $(patsubst tests/bench/work/%.c,$(O)/tests/bench/%,$(wildcard tests/bench/work/*.c))
# A tool of the tests, for once without sanitizers, and those that only benchmarks have.
BENCH_TOOLS := $(O)/tests/bench/dump_names $(patsubst tests/bench/tools/%.c,$(O)/tests/bench/%,$(wildcard tests/bench/tools/*.c))
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(FUZZ_NAMES:%=$(O)/tests/fuzz/replay_%)
FUZZERS := $(FUZZ_NAMES:%=$(O)/fuzz/fuzz_%)

# Scripts that are tests.
scripts_in = $(sort $(wildcard $(patsubst %,tests/$(1)/test_*.%,py sh)))
UNIT_TESTS := $(filter $(O)/tests/unit/test_%,$(C_PROGRAMS)) $(call scripts_in,unit)
GOLDEN_TESTS := $(filter $(O)/tests/golden/test_%,$(C_PROGRAMS)) $(call scripts_in,golden)
LIVE_TESTS := $(call scripts_in,live)
BROWSER_TESTS := $(call scripts_in,browser) $(foreach f,$(wildcard tests/browser/test_*.js),\
	"$(f:tests/%.js=%)=node $(f) $(O)/tests/browser/make_sample $(O)/tests/browser")
TRUTH_TESTS := $(call scripts_in,truth)
DEPLOY_TESTS := $(call scripts_in,deploy)
ALL_TESTS = $(UNIT_TESTS) $(REPLAYS) $(GOLDEN_TESTS) $(BROWSER_TESTS) $(LIVE_TESTS) $(TRUTH_TESTS) $(DEPLOY_TESTS)

# All that the tests need.
programs: $(WINDOWS_EXE) $(WINDOWS_EXE:%/dwell.exe=%/fake_etw.dll) $(O)/dwell $(O)/demo $(TUTORIAL) $(MAN_PAGES) $(COMPLETIONS) $(C_PROGRAMS) $(REPLAYS) $(WORK_PROGRAMS)

$(O)/san/%.o: %.c $(PREPARED)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAN_CFLAGS) -c $< -o $@

# A library, so that a program takes only the files it uses.
$(O)/san/libdwell.a: $(SAN_OBJS)
$(O)/fuzz/libdwell.a: $(FUZZ_OBJS)
%/libdwell.a:
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)ar rcsD $@ $^

$(C_PROGRAMS): $(O)/tests/%: $(O)/san/tests/%.o $(O)/san/libdwell.a
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAN_CFLAGS) $^ -o $@ -lcmocka $(DWELL_LDLIBS)

$(REPLAYS): $(O)/tests/fuzz/replay_%: $(O)/san/tests/fuzz/fuzz_%.o $(O)/san/tests/fuzz/replay_main.o \
		$(O)/san/libdwell.a
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAN_CFLAGS) $^ -o $@ $(DWELL_LDLIBS)

$(WORK_PROGRAMS): $(O)/tests/work/%: tests/live/work/%.c $(O)/gen/flags | $(O)/gen/deps
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(WORK_CFLAGS) $< -o $@

# As libc is built.
$(O)/tests/work/known: WORK_CFLAGS += -O2 -fomit-frame-pointer

$(BENCH_PROGRAMS): $(O)/tests/bench/%: tests/bench/work/%.c $(O)/gen/flags | $(O)/gen/deps
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(WORK_CFLAGS) $< -o $@

$(O)/obj/tests/%: DWELL_CFLAGS += -Itests
$(O)/tests/bench/dump_names: $(O)/obj/tests/unit/dump_names.o
$(patsubst tests/bench/tools/%.c,$(O)/tests/bench/%,$(wildcard tests/bench/tools/*.c)): $(O)/tests/bench/%: $(O)/obj/tests/bench/tools/%.o \
		$(patsubst %,$(O)/obj/tests/fixtures/%.o,mketl mketw mkxpress)
$(BENCH_TOOLS): $(filter $(O)/obj/user/%,$(OBJS))
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DWELL_CFLAGS) $(DWELL_LDFLAGS) $^ -o $@ $(DWELL_LDLIBS)

test:
	@$(DEPS) test
	$(call build,programs)
	@$(RUN) $(ALL_TESTS)

test-long:
	@$(DEPS) test-long
	$(call build,programs)
	@$(RUN) --long --report docs/test-long.md $(ALL_TESTS)

unit:
	@$(DEPS) --check test
	$(call build,$(filter $(O)/tests/unit/%,$(C_PROGRAMS)) $(O)/dwell $(REPLAYS))
	@$(RUN) --long $(UNIT_TESTS) $(REPLAYS)

golden:
	@$(DEPS) --check test
	$(call build,programs)
	@$(RUN) --long $(GOLDEN_TESTS)

live:
	@$(DEPS) --check test
	$(call build,programs)
	@$(RUN) --long $(LIVE_TESTS)

browser:
	@$(DEPS) --check test
	$(call build,programs)
	@$(RUN) --long $(BROWSER_TESTS)

truth:
	@$(DEPS) test-long
	$(call build,programs)
	@$(RUN) --long $(TRUTH_TESTS)

deploy:
	@$(DEPS) test-long
	$(call build,programs)
	@$(RUN) --long $(DEPLOY_TESTS)

# The tests in guests take a kernel each: vm/pid@6.1. They skip where it could not be fetched.
KERNELS ?= 5.10 6.1 6.12 sid
# All of the table, for docs/kernels.md; and for CI those that lack or refuse most. The machine that it runs on has a newer one, and
# sid's is another every few days.
ALL_KERNELS := 5.10 6.1 6.12 sid 6.1-arm64 sid-arm64
CI_KERNELS := 5.10 6.1
CI_VM_TESTS := features stacks
vm_tests_on = $(foreach t,$(call scripts_in,vm),"vm/$(t:tests/vm/test_%.py=%)@$(1)=$(t) $(1)")
VM_TESTS = $(foreach k,$(KERNELS),$(call vm_tests_on,$(k)))

test-vm:
	@KERNELS='$(KERNELS)' $(DEPS) vm
	$(call build,$(O)/dwell $(WORK_PROGRAMS))
	@tests/vm/fetch-kernels $(KERNELS) || true
	$(if $(findstring arm64,$(KERNELS)),@tests/vm/cross-build arm64 $(abspath $(O))-arm64 -j$(NPROC) || [ $$? = 77 ])
	@$(RUN) --long --timeout 900 $(VM_TESTS)

# docs/kernels.md tells what failed, too.
kernels:
	+@$(MAKE) --no-print-directory test-vm KERNELS='$(ALL_KERNELS)'; status=$$?; \
	DWELL='$(abspath $(O)/dwell)' BUILD='$(abspath $(O))' tests/vm/kernels-page $(ALL_KERNELS) && exit $$status

# Without a network, or without QEMU or the kernels at the other end of it, they skip and say so.
test-vm-ci:
	@$(DEPS) vm || true
	$(call build,$(O)/dwell $(WORK_PROGRAMS))
	@tests/vm/fetch-kernels $(CI_KERNELS) || true
	@$(RUN) --may-skip $(foreach k,$(CI_KERNELS),$(foreach t,$(CI_VM_TESTS),"vm/$(t)@$(k)=tests/vm/test_$(t).py $(k)"))

# One dwell serve through so many intervals, which takes hours: is its memory flat?
INTERVALS ?= 1e9
soak:
	@$(DEPS) test
	$(call build,programs)
	@DWELL='$(abspath $(O)/dwell)' BUILD='$(abspath $(O))' SOAK_INTERVALS='$(INTERVALS)' tests/live/test_soak_long.py

# ---- benchmarks: never part of the tests ----

# In a guest, where the peers that trace the whole system or want kprobes can run as well. Without hardware for
# it the guest's instructions are translated: its figures are good for ratios only.
BENCH ?=
bench-vm-switch:
	@$(DEPS) bench
	@$(DEPS) vm
	$(call build,programs $(BENCH_PROGRAMS))
	@tests/vm/fetch-kernels --headers 6.1
	@tests/vm/vmrun -T -R -m 2048 -s 2 -t 10000 -e DWELL='$(abspath $(O)/dwell)' -e BUILD='$(abspath $(O))' \
		-o $(O)/bench/vm 6.1 -- tests/bench/bench_switch.py --in-vm --json /out/switch-vm.json $(BENCH)
	@cp $(O)/bench/vm/switch-vm.json $(O)/bench/

bench-%: FORCE
	@$(DEPS) bench
	$(call build,programs $(BENCH_PROGRAMS) $(BENCH_TOOLS))
	@DWELL='$(abspath $(O)/dwell)' BUILD='$(abspath $(O))' tests/bench/bench_$(subst -,_,$*).py

# ---- make check: what has to hold besides the tests ----

C_FILES = $(sort $(wildcard user/*/*.[ch] tools/*.[ch] windows/*.[ch] windows/linux/*.h bpf/*.[ch] tests/*/*.[ch] tests/*/work/*.[ch] tests/*/tools/*.[ch] \
	docs/demo/*.[ch] docs/tutorial/*.[ch]))
CPPCHECK_FLAGS := --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	--error-exitcode=1 --suppressions-list=scripts/cppcheck.suppress -j$(NPROC) -D__x86_64__ \
	-Iuser -Ibpf
quiet_make = env -u MAKEFLAGS -u MFLAGS $(MAKE) --no-print-directory -j$(NPROC) WERROR=1 CLANG='$(CLANG)' \
	O=$(O)/check/$(1)
variant = $(call quiet_make,$(1)) CC=$(1) all $(O)/check/$(1)/demo

check:
	@$(DEPS) test
	$(call build,programs)
	@$(RUN) --timeout 1200 \
		"layers=scripts/layers --self-test && scripts/layers" \
		"spdx=scripts/spdx" \
		"executable=scripts/executable" \
		"version=scripts/version --check" \
		"clang-format=clang-format --dry-run -Werror $(C_FILES)" \
		"cppcheck=cppcheck $(CPPCHECK_FLAGS) user tools" \
		"gcc -fanalyzer=$(call quiet_make,analyze) CC=gcc analyze-gcc" \
		"gcc -Werror=$(call variant,gcc)" \
		"clang -Werror=$(call variant,clang)" \
		"dwell.exe -Werror=$(if $(WINDOWS_EXE),$(call quiet_make,windows) $(O)/check/windows/windows/dwell.exe,\
			echo 'no mingw-w64 with zlib: make windows installs it'; exit 77)" \
		"without optional libraries=$(call quiet_make,bare) $(FEATURES:%=WITHOUT_%=1) unit" \
		"man pages=mandoc -T lint -W warning $(MAN_PAGES) docs/dwell.1" \
		$(UNIT_TESTS) $(REPLAYS)

# ---- static analysis: each file once, again when it or what it includes has changed ----

ANALYZED := $(USER_C) $(TOOLS_C)
ANALYZED_GCC = $(ANALYZED:%.c=$(O)/analyze/gcc/%.o)
ANALYZED_TIDY = $(ANALYZED:%.c=$(O)/analyze/tidy/%.ok)
ANALYZED_BPF := $(BPF_OBJS:$(O)/bpf/%.bpf.o=$(O)/analyze/bpf/%.ok)
CLANG_TIDY ?= $(subst clang,clang-tidy,$(CLANG))
SCAN_BUILD ?= $(subst clang,scan-build,$(CLANG))
# unix.Malloc: .clang-tidy says why.
SCAN_BUILD_FLAGS := --status-bugs -disable-checker unix.Malloc
# gcc 12 doesn't follow what array__grow() has moved, nor a struct within another (&l->base): 11 findings, all kept in a table or by the
# caller. Leaks are looked for when the unit tests and the fuzz corpora run, by ASan.
ANALYZER_OFF := -Wno-analyzer-malloc-leak
tidy = $(CLANG_TIDY) --quiet --config-file=.clang-tidy $(1) -- $(filter-out -MMD -MP,$(2))

analyze: analyze-gcc analyze-tidy scan-build

analyze-gcc:
	@$(DEPS) build
	$(call build,$(ANALYZED_GCC))

analyze-tidy:
	@$(DEPS) analyze
	$(call build,$(ANALYZED_TIDY) $(ANALYZED_BPF))

# All of the program with clang, each time, or SCANNED=FILE.c; dwell.exe's own files are cross-compiled, which it can't follow.
scan-build:
	@$(DEPS) analyze
	@rm -rf $(O)/analyze/scan
	$(Q)env -u MAKEFLAGS -u MFLAGS $(SCAN_BUILD) --use-cc=$(CLANG) $(SCAN_BUILD_FLAGS) -o $(O)/analyze/reports \
		$(MAKE) --no-print-directory -j$(NPROC) O=$(O)/analyze/scan $(SCANNED:%.c=$(O)/analyze/scan/obj/%.o)

$(O)/analyze/gcc/%.o: %.c $(PREPARED)
	$(call say,GCC-FA)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DWELL_CFLAGS) -Werror -fanalyzer $(ANALYZER_OFF) -c $< -o $@

# clang-tidy doesn't write what a file includes.
$(O)/analyze/tidy/%.ok: %.c .clang-tidy $(PREPARED)
	$(call say,TIDY)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out -MMD,$(COMMON_CFLAGS)) -MM -MF $(@:.ok=.d) -MT $@ $<
	$(Q)$(call tidy,$<,$(COMMON_CFLAGS) -O2)
	@touch $@

# The BPF programs, each variant: offcpu_core is of offcpu.bpf.c, go_memory of go_memory.bpf.c. The objects know what else.
bpf_source = $(firstword $(wildcard bpf/$(1).bpf.c bpf/$(patsubst %_$(lastword $(subst _, ,$(1))),%,$(1)).bpf.c))
$(O)/analyze/bpf/%.ok: $(O)/bpf/%.bpf.o .clang-tidy
	$(call say,TIDY)
	@mkdir -p $(@D)
	$(Q)$(call tidy,$(call bpf_source,$*),$(BPF_CFLAGS) $(BPF_VARIANT))
	@touch $@

# ---- fuzzing ----

$(O)/fuzz/obj/%.o: %.c $(PREPARED)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -c $< -o $@

$(FUZZERS): $(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(O)/fuzz/libdwell.a
	$(call say,LINK)
	$(Q)$(CLANG) -fsanitize=address,undefined,fuzzer $^ -o $@ $(DWELL_LDLIBS)

fuzz:
	@$(DEPS) --check test
	$(call build,$(FUZZERS))
	@scripts/fuzz $(if $(PAGE),--write $(PAGE)) $(O) $(TIME) $(FUZZ_NAMES)

# ---- housekeeping ----

clean:
	rm -rf $(O) demo.html demo.svg demo.folded

help:
	@echo 'make            builds $(O)/dwell'
	@echo 'make tutorial   builds the programs of docs/tutorial.md; make docs-pictures draws its pictures'
	@echo 'make windows    installs what it needs, builds $(O)/windows/dwell.exe'
	@echo 'make demo       installs what building needs, traces a small program, draws demo.html'
	@echo 'make test       installs what testing needs, runs the tests (minutes)'
	@echo 'make test-long  every test, with a report in docs/test-long.md'
	@echo 'make check      layers, format, cppcheck, -Werror with gcc and clang, unit tests, fuzz corpora'
	@echo 'make unit golden live browser truth deploy   one kind of test each'
	@echo 'make test-vm    whole-system tracing and other kernels, in QEMU: KERNELS="$(KERNELS)"'
	@echo 'make kernels    the same on all of $(ALL_KERNELS); writes docs/kernels.md'
	@echo 'make bench-switch   what a context switch costs, beside other tools; writes docs/performance.md'
	@echo 'make bench-syscalls   what a system call costs, beside other tools; writes docs/performance-syscalls.md'
	@echo 'make bench-serve   what dwell serve takes of the machine while it runs on; writes docs/performance-serve.md'
	@echo 'make bench-report   what drawing a large text costs, beside other tools; writes docs/performance-report.md'
	@echo 'make bench-go-events   what timing every wait costs a Go program; writes docs/performance-go-events.md'
	@echo 'make bench-etl   what reading event traces of Windows costs; writes docs/performance-etl.md'
	@echo 'make bench-go   what looking at goroutines costs, and the program that is looked at; writes docs/performance-go.md'
	@echo 'make soak       INTERVALS=1e9 through one dwell serve: is its memory flat?'
	@echo 'make bench-vm-switch   the same in a guest, with the peers that trace everything'
	@echo 'make fuzz       libFuzzer, TIME=$(TIME) seconds per target; PAGE=docs/fuzzing.md writes that down'
	@echo 'make analyze    gcc -fanalyzer, clang-tidy and scan-build: analyze-gcc, analyze-tidy, scan-build'
	@echo 'make dist       the sources of the last commit in $(O)/dist, as .tar.gz and .tar.xz'
	@echo 'make deb        Debian packages in $(O)/deb'
	@echo 'make install    to PREFIX=$(PREFIX), below DESTDIR= if given'
	@echo 'make clean'
	@echo
	@echo 'Variables: O=DIR builds there instead of in build/; V=1 shows the commands; WERROR=1;'
	@echo 'CC, CFLAGS, LDFLAGS; CLANG=clang-19 for the BPF programs; PKG_CONFIG; BENCH=--quick.'

-include $(shell find $(O) -name '*.d' -not -path '$(O)/check/*' -not -path '$(O)/analyze/scan/*' 2>/dev/null)
