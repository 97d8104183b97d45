"""Completion for bash and zsh from a command's help."""

from deploy.debian.command_help import CommandHelp, Flag

_FILES = ("FILE", "DIRECTORY")


def bash_completion_of(command: CommandHelp) -> str:
    """Write a script that needs nothing beyond bash; it completes ``--flag value`` and ``--flag=value``."""
    function = f"_{command.command.replace('-', '_')}"
    cases = "".join(_bash_case(flag) for flag in command.flags)
    names = " ".join(f"{flag.name}=" if _needs_value(flag) else flag.name for flag in command.flags)
    return f"""# bash completion for {command.command}
{function}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} flag=${{COMP_WORDS[COMP_CWORD - 1]}}
    if [[ $word == = ]]; then
        word=
    elif [[ $flag == = ]]; then
        flag=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    COMPREPLY=()
    case $flag in
{cases}    esac
    mapfile -t COMPREPLY < <(compgen -W "{names}" -- "$word")
    [[ ${{#COMPREPLY[@]}} != 1 || ${{COMPREPLY[0]}} != *= ]] || compopt -o nospace
}}
complete -F {function} {command.command}
"""


def zsh_completion_of(command: CommandHelp) -> str:
    """Write a function for zsh's ``_arguments``."""
    lines = " \\\n".join(f"    {_zsh_argument(flag)}" for flag in command.flags)
    return f"#compdef {command.command}\n_arguments \\\n{lines}\n"


def _needs_value(flag: Flag) -> bool:
    return bool(flag.value) and not flag.value.startswith("[")


def _bash_case(flag: Flag) -> str:
    if not _needs_value(flag):
        return ""
    if flag.choices:
        command = f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(flag.choices)}" -- "$word")'
    elif flag.value in _FILES:
        kind = "-d" if flag.value == "DIRECTORY" else "-f"
        command = f'compopt -o filenames; mapfile -t COMPREPLY < <(compgen {kind} -- "$word")'
    else:
        command = ":"
    return f"        {flag.name}) {command}; return ;;\n"


def _zsh_argument(flag: Flag) -> str:
    told = flag.help.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
    if not flag.value:
        return f"'{flag.name}[{told}]'"
    if not _needs_value(flag):
        return f"'{flag.name}=-[{told}]::{flag.value.strip('[]')}:'"
    action = {"FILE": "_files", "DIRECTORY": "_files -/"}.get(flag.value, "")
    action = f"({' '.join(flag.choices)})" if flag.choices else action
    repeatable = "*" if "repeatable" in flag.help else ""
    return f"'{repeatable}{flag.name}=[{told}]:{'value' if flag.choices else flag.value}:{action}'"
