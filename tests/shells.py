"""What a shell asks of jhos as TAB is pressed, and what a real one makes of the answer."""

import os
import subprocess
import sys
from pathlib import Path

START = {
    "bash": (["bash", "--norc"], 'eval "$(jhos completion bash)"'),
    "zsh": (["zsh", "-f"], 'autoload -Uz compinit; compinit -D; eval "$(jhos completion zsh)"'),
    "fish": (["fish", "--no-config"], "jhos completion fish | source"),
}
TAB, LINE_START = "\t", "\x01"


def completing(line: str) -> dict[str, str]:
    """Bash's variables, for a line that is typed up to here."""
    return {"_JHOS_COMPLETE": "bash_complete", "COMP_LINE": line, "COMP_WORDBREAKS": "=:@"}


def completed(shell: str, lines: list[str], folder: Path) -> list[str]:
    """What each line has become in one session, once its end was completed."""
    command, setup = START[shell]
    shown = folder / "words"
    shown.unlink(missing_ok=True)
    typed = "".join(f"{line}{TAB}{LINE_START}echo >>words \n" for line in lines)
    main, side = os.openpty()
    bin_dir = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "TERM": "dumb"}
    with subprocess.Popen(
        ["setsid", "--ctty", *command, "-i"],
        stdin=side, stdout=side, stderr=side, cwd=folder, env=environment,
    ):  # fmt: skip
        os.close(side)
        os.write(main, f"{setup}\n{typed}exit\n".encode())
        try:
            while os.read(main, 4096):
                pass
        except OSError:  # the shell has ended
            os.close(main)
    return shown.read_text().splitlines()
