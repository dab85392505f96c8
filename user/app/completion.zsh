#compdef dwell
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Completion of dwell for zsh, made by `dwell completion zsh`. Nothing that is read from /proc is ever evaluated.

# Ids of processes or threads, with names, out of these files; the last of a list.
_dwell_tasks() {
	local file name
	local -a tasks

	for file; do
		name=
		{ IFS= read -rd '' name <$file } 2>/dev/null
		[[ -n $name ]] || continue
		name=${name%$'\n'}
		tasks+=("${file:h:t}:${name//[^[:alnum:] ._:\/@+#,-]/?}")
	done
	compset -P '*,'
	_describe -t processes process tasks
}

_dwell_pids() {
	_dwell_tasks /proc/<->/comm(N)
}

_dwell_tids() {
	_dwell_tasks /proc/<->/task/<->/comm(N)
}

_dwell() {
	local -a flags=('--help:show what commands there are' '--version:show what this program is')
	integer dashes=${words[(i)--]}

	if (( dashes < CURRENT && dashes > 2 )); then
		shift $dashes words
		(( CURRENT -= dashes ))
		_normal
	elif (( CURRENT > 2 )) && [[ $words[2] == help ]]; then
		(( CURRENT > 3 )) || _dwell_commands
	elif (( CURRENT > 2 )); then
		shift words
		(( CURRENT-- ))
		_dwell_options
	elif [[ $PREFIX == -* ]]; then
		_describe -o option flags
	else
		_dwell_commands
	fi
}

