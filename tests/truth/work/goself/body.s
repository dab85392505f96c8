// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// That there is a file of assembly lets expand() be without a body.
