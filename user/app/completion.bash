# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Completion of dwell for bash 4.4 and newer, made by `dwell completion bash`. Nothing that is typed or read from /proc is
# ever evaluated.

# Into `words`: the words up to the cursor, whole. (Those of bash are cut at each = and :, too.) Into `kept`: what readline
# leaves standing of the last one.
_dwell_split() {
	local line=${COMP_LINE:0:COMP_POINT} piece i

	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then
			words+=('')
			line=${line#"${line%%[![:blank:]]*}"}
		fi
		piece=${COMP_WORDS[i]}
		((i < COMP_CWORD)) || piece=$line
		kept=${words[-1]}
		[[ $piece != [=:] ]] || kept+=$piece
		words[-1]+=$piece
		line=${line#"$piece"}
	done
}

# _dwell_offer BEFORE VALUE WORD...: the words that begin with VALUE, behind BEFORE.
_dwell_offer() {
	local before=$1 value=$2 word

	shift 2
	for word; do
		[[ $word == "$value"* ]] || continue
		word=$before$word
		COMPREPLY+=("${word#"$kept"}")
	done
	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
}

# _dwell_list BEFORE VALUE WORD...: the same for the last word of a list.
_dwell_list() {
	local given=${2%"${2##*,}"} value=${2##*,} before=$1 word left=()

	shift 2
	for word; do
		[[ ,$given == *,$word,* ]] || left+=("$word")
	done
	_dwell_offer "$before$given" "$value" "${left[@]}"
}

# _dwell_tasks BEFORE VALUE DIRECTORY: ids of processes or threads; with names while several are shown.
_dwell_tasks() {
	local before=$1${2%"${2##*,}"} value=${2##*,} file id name named=()

	[[ $value != *[!0-9]* ]] || return
	[[ -n $value ]] || value='[0-9]'
	while read -r file; do
		name=
		{ IFS= read -r -d '' name <"$file"; } 2>/dev/null
		[[ -n $name ]] || continue
		name=${name%$'\n'}
		id=${file%/comm}
		id=$before${id##*/}
		COMPREPLY+=("${id#"$kept"}")
		named+=("${id#"$kept"} (${name//[^[:alnum:] ._:\/@+#,-]/?})")
	done < <(compgen -G "$3/$value*/comm")
	# 37, 42: readline is about to insert them as they are.
	if ((${#named[@]} > 1)) && [[ ${COMP_TYPE:-9} != 37 && ${COMP_TYPE:-9} != 42 ]]; then
		COMPREPLY=("${named[@]}")
	fi
}

# _dwell_files VALUE: files with one of `extensions`, and directories; any file if there is none.
_dwell_files() {
	local value=$1 home='' IFS=$' \t\n'

	case $value in
	[\"\']*) value=${value:1} ;;
	\~/*) home=$HOME value=${value:1} ;;
	esac
	[[ $1 == \'* ]] || value=${value//\\/}
	if [[ -n $extensions ]]; then
		mapfile -t -d '' COMPREPLY < <(
			set +f
			shopt -s nullglob
			shopt -u failglob
			for name in "$home$value"*; do
				for extension in $extensions; do
					[[ $name != *"$extension" ]] || printf '%s\0' "${home:+\~}${name#"$home"}"
				done
			done
		)
	fi
	if ((${#COMPREPLY[@]})); then
		COMPREPLY=("${COMPREPLY[@]#"$kept"}")
		compopt -o filenames -o plusdirs
	else
		compopt -o default
	fi
}

# The command that dwell is to run, which stands at this place of COMP_WORDS.
_dwell_command() {
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((COMP_CWORD == $1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
	else
		compopt -o default
	fi
}

# _dwell_value BEFORE VALUE: what may stand there, by `kind`.
_dwell_value() {
	local before=$1 value=${2#[\"\']} users IFS=$' \t\n'

	# What `names` holds is words.
	# shellcheck disable=SC2086
	case $kind in
	one) _dwell_offer "$before" "$value" $names ;;
	list) _dwell_list "$before" "$value" $names ;;
	pids) _dwell_tasks "$before" "$value" /proc ;;
	tids) _dwell_tasks "$before" "$value" '/proc/[0-9]*/task' ;;
	user) mapfile -t users < <(compgen -u) && _dwell_offer "$before" "$value" "${users[@]}" ;;
	directory) compopt -o dirnames ;;
	path) _dwell_files "$2" ;;
	esac
}

_dwell() {
	local words=() kept='' kind='' names='' extensions='' options='' current command i

	COMPREPLY=()
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			_dwell_command $((i + 1))
			return
		fi
	done
	_dwell_split
	current=${words[-1]}
	command=${words[1]}
	if ((${#words[@]} == 2)); then
		# shellcheck disable=SC2046
		_dwell_offer '' "$current" $(_dwell_commands) help --help --version
		return
	fi
	if [[ $command == help ]]; then
		# shellcheck disable=SC2046
		((${#words[@]} > 3)) || _dwell_offer '' "$current" $(_dwell_commands)
		return
	fi
	# Is the word before one that wants an argument, or such an argument?
	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		if [[ -n $kind ]]; then
			kind=
		elif [[ ${words[i]} == -* ]]; then
			_dwell_describe "$command" "${words[i]}"
		fi
	done
	if [[ -n $kind ]]; then
		_dwell_value '' "$current"
	elif [[ $current == --*=* ]]; then
		_dwell_describe "$command" "${current%%=*}"
		_dwell_value "${current%%=*}=" "${current#*=}"
	else
		_dwell_describe "$command" ''
		if [[ $current == -* ]]; then
			# shellcheck disable=SC2086
			_dwell_offer '' "$current" $options
		else
			_dwell_value '' "$current"
		fi
	fi
}

complete -F _dwell dwell

