/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The compiled variants of the sources in bpf/, carried inside the program. */
#ifdef __CET__
/* A compiler says of what it makes that branches have landing pads; here that has to be said, or the linker takes it from all. */
#include <cet.h>
#endif
#ifdef __ARM_FEATURE_BTI_DEFAULT
	/* The same on arm64, where no header has it: GNU_PROPERTY_AARCH64_FEATURE_1_AND is BTI and PAC. */
	.section .note.gnu.property, "a"
	.balign 8
	.long 4, 16, 5
	.asciz "GNU"
	.long 0xc0000000, 4, 3, 0
#endif
	.section .rodata
	.global bpf_object_core, bpf_object_core_end, bpf_object_compat, bpf_object_compat_end
	.global bpf_object_bounded, bpf_object_bounded_end, bpf_object_minimal, bpf_object_minimal_end
	.global bpf_syscalls_core, bpf_syscalls_core_end, bpf_syscalls_compat, bpf_syscalls_compat_end
	.global bpf_syscalls_minimal, bpf_syscalls_minimal_end
	.global bpf_runq_core, bpf_runq_core_end, bpf_runq_compat, bpf_runq_compat_end
	.global bpf_snapshot_compat, bpf_snapshot_compat_end
	.global bpf_snapshot_minimal, bpf_snapshot_minimal_end
	.global bpf_go_events_core, bpf_go_events_core_end
	.global bpf_go_memory, bpf_go_memory_end
	.balign 8
bpf_object_core:
	.incbin "offcpu_core.bpf.o"
bpf_object_core_end:
	.balign 8
bpf_object_compat:
	.incbin "offcpu_compat.bpf.o"
bpf_object_compat_end:
	.balign 8
bpf_object_bounded:
	.incbin "offcpu_bounded.bpf.o"
bpf_object_bounded_end:
	.balign 8
bpf_object_minimal:
	.incbin "offcpu_minimal.bpf.o"
bpf_object_minimal_end:
	.balign 8
bpf_syscalls_core:
	.incbin "syscalls_core.bpf.o"
bpf_syscalls_core_end:
	.balign 8
bpf_syscalls_compat:
	.incbin "syscalls_compat.bpf.o"
bpf_syscalls_compat_end:
	.balign 8
bpf_syscalls_minimal:
	.incbin "syscalls_minimal.bpf.o"
bpf_syscalls_minimal_end:
	.balign 8
bpf_runq_core:
	.incbin "runq_core.bpf.o"
bpf_runq_core_end:
	.balign 8
bpf_runq_compat:
	.incbin "runq_compat.bpf.o"
bpf_runq_compat_end:
	.balign 8
bpf_snapshot_compat:
	.incbin "snapshot_compat.bpf.o"
bpf_snapshot_compat_end:
	.balign 8
bpf_snapshot_minimal:
	.incbin "snapshot_minimal.bpf.o"
bpf_snapshot_minimal_end:
	.balign 8
bpf_go_events_core:
	.incbin "go_events_core.bpf.o"
bpf_go_events_core_end:
bpf_go_memory:
	.incbin "go_memory.bpf.o"
bpf_go_memory_end:
	.section .note.GNU-stack, "", @progbits
