# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The shells of test_completion.py: what each offers for a command line, and what a line becomes after Tab.

`offers(line)` gives {word: description}. `after_tab(line)` types it into an interactive shell in a terminal of its own, and
gives the line that stands there then.
"""
import os
import fcntl
import pty
import re
import select
import shutil
import subprocess
import termios
import time

from livetest import BUILD, DWELL, TIMEOUT, scratch, skip, start

SCRIPTS = os.path.join(BUILD, "completion")
ENVIRON = {"PATH": os.path.dirname(DWELL) + ":" + os.environ["PATH"], "TERM": "dumb", "LC_ALL": "C.UTF-8", "COLUMNS": "200", "LINES": "50"}


def home():
    """Of shells without configuration."""
    path = scratch("home")
    os.makedirs(path, exist_ok=True)
    return path


def installed(script, path):
    """Where the shell finds it by itself, as after `make install`."""
    path = scratch(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copy(script, path)
    return path


class Terminal:
    """An interactive shell; keys are sent, and what it writes to a file is waited for."""

    def __init__(self, command, setup, folder):
        self.master, terminal = pty.openpty()
        self.answer = scratch(f"{command[0]}-answer")
        self.line = scratch(f"{command[0]}-line")
        self.child = start(command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=folder, start_new_session=True,
                           preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                           env={**ENVIRON, "HOME": home(), "ANSWER": self.answer, "LINE": self.line})
        os.close(terminal)
        self.screen = b""
        # Long lines would not pass a terminal before the shell has taken it over.
        path = scratch(f"{command[0]}-setup")
        with open(path, "w") as to:
            to.write(setup + "\necho done > $ANSWER\n")
        self.ask(f". {path}\n")

    def ask(self, keys):
        """What the shell writes into the file then."""
        if os.path.exists(self.answer):
            os.unlink(self.answer)
        os.write(self.master, keys.encode())
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            self.drain(0.02)
            if os.path.exists(self.answer):
                with open(self.answer, errors="surrogateescape", newline="") as f:
                    text = f.read()
                if text.endswith("\n"):
                    return text[:-1]
        raise AssertionError(f"{self.child.args}: no answer to {keys!r}; the screen: {self.screen[-500:]!r}")

    def drain(self, seconds):
        while select.select([self.master], [], [], seconds)[0]:
            try:
                self.screen += os.read(self.master, 65536)
            except OSError:
                raise AssertionError(f"{self.child.args} ended; the screen: {self.screen[-500:]!r}") from None
            seconds = 0

    def ended(self):
        """Processes end with the case that started them."""
        if self.child.poll() is None:
            return False
        os.close(self.master)
        return True


class Shell:
    name = None

    def __init__(self, folder):
        if not shutil.which(self.name):
            skip(f"needs {self.name}")
        self.folder = folder
        self.script = os.path.join(SCRIPTS, f"dwell.{self.name}")
        self.terminal = None

    def after_tab(self, line, tabs=1):
        if not self.terminal or self.terminal.ended():
            self.terminal = Terminal(self.interactive, self.setup(), self.folder)
        return self.type(line, tabs)

    def words(self, line):
        """As this shell would give them to the command."""
        done = subprocess.run([self.name, *self.plain, "-c", self.print_words + line[len("dwell"):]], cwd=self.folder,
                              capture_output=True, timeout=TIMEOUT, env={**ENVIRON, "HOME": home()}, check=True)
        return [w.decode(errors="surrogateescape") for w in done.stdout.split(b"\0")[:-1]]


class Bash(Shell):
    name, plain, print_words = "bash", ["--norc", "--noprofile"], r"printf '%s\0'"
    interactive = ["bash", "--norc", "--noprofile", "-i"]
    # What bash does before it calls the function that `complete -p` tells; the options that it would obey are noted.
    HARNESS = r"""
compopt() { asked+=" $*"; }
function=$(complete -p dwell) && function=${function#complete -F } && function=${function% dwell} || exit 1
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE} COMP_TYPE=63 COMPREPLY=() COMP_WORDS=() asked=
    while IFS= read -r word && [[ $word != . ]]; do COMP_WORDS+=("${word#=}"); done
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    "$function" dwell "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\0' "${COMPREPLY[@]}"
    [[ $asked != *default* ]] || compgen -f -- "${COMP_WORDS[COMP_CWORD]#[=:]}" | tr '\n' '\0'
    [[ $asked != *dirnames* && $asked != *plusdirs* ]] || compgen -d -- "${COMP_WORDS[COMP_CWORD]#[=:]}" | tr '\n' '\0'
    printf '.\0'
done
"""

    def split(self, line):
        """As readline does: words end at blanks, = and : also make a word. Nothing here is quoted."""
        words = re.findall(r"[=:]+|[^\s=:]+", line)
        return words + [""] if line[-1].isspace() else words

    def offers(self, line):
        query = "\n".join([line, *("=" + w for w in self.split(line)), ".", ""])
        done = subprocess.run([*self.interactive[:-1], "-c", f". {self.script}\n{self.HARNESS}"], input=query.encode(),
                              capture_output=True, cwd=self.folder, timeout=TIMEOUT, env={**ENVIRON, "HOME": home()}, check=True)
        if done.stderr:
            raise AssertionError(f"bash complains: {done.stderr!r}")
        words = [w.decode(errors="surrogateescape") for w in done.stdout.split(b"\0")]
        found = [re.fullmatch(r"([\d,]+) \((.*)\)", w) or w for w in words[:words.index(".")] if w]
        return {w if isinstance(w, str) else w[1]: "" if isinstance(w, str) else w[2] for w in found}

    # Of the package bash-completion, which finds scripts by their names.
    LIBRARY = "/usr/share/bash-completion/bash_completion"

    def load(self):
        if not os.path.exists(self.LIBRARY):
            return f". {self.script}"
        return f"export XDG_DATA_DIRS={scratch('share')}:/usr/share\n. {self.LIBRARY}"

    def setup(self):
        installed(self.script, "share/bash-completion/completions/dwell")
        return (f"{self.load()}\nPS1='> '\nbind 'set enable-bracketed-paste off'\nbind 'set completion-query-items 0'\n"
                "bind 'set page-completions off'\nbind '\"\\C-n\": menu-complete'\nbind -x '\"\\C-g\": printf \"%s\\n\" \"$READLINE_LINE\" > $ANSWER.new && READLINE_LINE= && "
                "mv $ANSWER.new $ANSWER'\n")

    def type(self, line, tabs):
        return self.terminal.ask(line + "\t" * tabs + "\x07")


class Zsh(Shell):
    name, plain, print_words = "zsh", ["-f"], r"printf '%s\0'"
    interactive = ["zsh", "-f", "-i"]
    COMMON = r"""
autoload -Uz compinit && compinit -D -u
PS1='> '
unsetopt beep
LISTMAX=100000
zstyle ':completion:*' list-separator ' '
"""
    TELL = r"""
tell() {
    print -r -- "$BUFFER" > $ANSWER.new
    BUFFER=
    mv $ANSWER.new $ANSWER
}
zle -N tell
bindkey '^G' tell
"""
    # compadd is what all completion comes down to. Words with equal descriptions would share one.
    QUERY = r"""
zstyle ':completion:*' list-grouped false
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then
        builtin compadd "$@"
        return
    fi
    typeset -a hits texts
    if (( ${@[(I)-(l|)d]} )); then
        local array=${@[${@[(i)-(l|)d]}+1]}
        [[ $array == \(* ]] && eval "texts=$array" || texts=("${(@P)array}")
    fi
    builtin compadd -A hits -D texts "$@"
    integer i
    for (( i = 1; i <= $#hits; i++ )); do
        offered+=("${hits[i]}"$'\1'"${texts[i]:-}")
    done
    builtin compadd "$@"
}
typeset -a offered
query() {
    offered=()
    BUFFER=$(<$LINE)
    BUFFER=${BUFFER%.}
    CURSOR=$#BUFFER
    zle complete-word
    print -r -- "${(pj:\2:)offered}" > $ANSWER.new
    BUFFER=
    mv $ANSWER.new $ANSWER
}
zle -N query
bindkey '^G' query
"""

    def __init__(self, folder):
        super().__init__(folder)
        self.queries = None

    def setup(self):
        path = installed(self.script, "share/zsh/site-functions/_dwell")
        return f"fpath=({os.path.dirname(path)} $fpath)\n{self.COMMON}{self.TELL}"

    def offers(self, line):
        if not self.queries or self.queries.ended():
            self.queries = Terminal(self.interactive, f"{self.COMMON}. {self.script}\n{self.QUERY}", self.folder)
        with open(self.queries.line, "w") as to:
            to.write(line + ".")
        # Of an option with an argument, "--pid=" is offered.
        found = [o.partition("\1") for o in self.queries.ask("\x07").split("\2") if o]
        return {re.sub(r"^(--[\w-]+)=$", r"\1", w): text.partition(" ")[2].strip() for w, _, text in found}

    def type(self, line, tabs):
        return self.terminal.ask(line + "\t" * tabs + "\x07")


class Fish(Shell):
    name, plain, print_words = "fish", ["--no-config"], r"printf '%s\0'"
    interactive = ["fish", "-i"]

    def offers(self, line):
        done = subprocess.run(["fish", "-c", f"source {self.script}; complete -C $argv[1]", line], capture_output=True,
                              cwd=self.folder, timeout=TIMEOUT, env={**ENVIRON, "HOME": home()}, check=False)
        if done.stderr:
            raise AssertionError(f"fish complains: {done.stderr!r}")
        lines = done.stdout.decode(errors="surrogateescape").splitlines()
        return {re.sub(r"^--[\w-]+=(?=.)", "", w): text for w, _, text in (o.partition("\t") for o in lines)}

    def setup(self):
        path = installed(self.script, "share/fish/vendor_completions.d/dwell.fish")
        return f"""set -p fish_complete_path {os.path.dirname(path)}
function fish_prompt; echo '> '; end
bind \\cg 'commandline > $ANSWER.new; commandline ""; mv $ANSWER.new $ANSWER'
"""

    def type(self, line, tabs):
        return self.terminal.ask(line + "\t" * tabs + "\x07")
