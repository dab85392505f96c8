/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The compiled variants of bpf/offcpu.bpf.c, carried inside the program. */
	.section .rodata
	.global bpf_object_core, bpf_object_core_end, bpf_object_compat, bpf_object_compat_end
	.global bpf_object_minimal, bpf_object_minimal_end
	.balign 8
bpf_object_core:
	.incbin "offcpu_core.bpf.o"
bpf_object_core_end:
	.balign 8
bpf_object_compat:
	.incbin "offcpu_compat.bpf.o"
bpf_object_compat_end:
	.balign 8
bpf_object_minimal:
	.incbin "offcpu_minimal.bpf.o"
bpf_object_minimal_end:
	.section .note.GNU-stack, "", @progbits
