/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A 32-bit program without a library: 1000 times getpid(), 100 times close(-1), once nanosleep() of 20 ms, exit(7). The
 * numbers are those of the 32-bit table; in the other one they are other calls.
 */
	.text
	.globl _start
_start:
	movl $1000, %esi
1:	movl $20, %eax
	int $0x80
	decl %esi
	jnz 1b
	movl $100, %esi
2:	movl $6, %eax
	movl $-1, %ebx
	int $0x80
	decl %esi
	jnz 2b
	movl $162, %eax
	movl $nap, %ebx
	xorl %ecx, %ecx
	int $0x80
	movl $1, %eax
	movl $7, %ebx
	int $0x80
	.data
nap:	.long 0, 20000000
	.section .note.GNU-stack, "", @progbits
