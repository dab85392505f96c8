# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# complaint.sh LINE: the kernel's log gets a line, as of the kernel itself. Nothing else goes wrong.
printf '<4>%s\n' "$1" >/dev/kmsg
