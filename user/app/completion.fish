# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Completion of dwell for fish, made by `dwell completion fish`. Nothing that is read from /proc is ever evaluated.

function __dwell_needs_command
    test (count (commandline -opc)) -eq 1
end

function __dwell_in -a command
    set -l words (commandline -opc)
    test "$words[2]" = $command; and not contains -- -- $words
end

function __dwell_needs_topic
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test $words[2] = help
end

function __dwell_runs_command
    contains -- -- (commandline -opc)
end

# The value that is being typed, behind its option if that is in the same word.
function __dwell_value
    commandline -ct | string replace -r -- '^--[^=]*=' '' | string replace -r -- '^-[A-Za-z]' ''
end

# The next word of a list.
function __dwell_list
    set -l before (__dwell_value | string match -r -- '^.*,')
    set -l given (string split , -- "$before")
    for word in $argv
        contains -- $word $given; or printf '%s\t\n' "$before$word"
    end
end

# Ids of processes or threads, with names, out of these files.
function __dwell_tasks
    set -l before (__dwell_value | string match -r -- '^[0-9,]*,')
    grep -m1 -Has '' $argv |
        string replace -ra -- '[^\w ._:/@+#,-]' '?' |
        string replace -rf -- '^/proc/(?:\d+/task/)?(\d+)/comm:(.*)$' '$1\t$2' |
        string replace -r -- '^' "$before"
end

# Files with one of these extensions, to stand before the others; a tab in a name would be taken for the end of it.
function __dwell_files
    set -l all (complete -C '__fish_command_without_completions '(commandline -ct) | string match -rv -- '\t')
    set -q all[1]; or return
    for extension in $argv
        string match -r -- '^.*'(string escape --style=regex -- $extension)'$' $all
    end
end

function __dwell_directories
    complete -C '__fish_command_without_completions '(__dwell_value) | string match -r -- '^.*/$'
end

# What the command that dwell is to run would complete.
function __dwell_command
    set -l words (commandline -opc)
    set -l dashes (contains -i -- -- $words)
    set -e words[1..$dashes]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

complete -c dwell -f
complete -c dwell -n __dwell_needs_command -l help -d 'show what commands there are'
complete -c dwell -n __dwell_needs_command -l version -d 'show what this program is'
complete -c dwell -n __dwell_needs_command -a help -d 'show the options of a command'
complete -c dwell -n __dwell_runs_command -x -a '(__dwell_command)'

