"""What a shell asks of jhos as TAB is pressed."""


def completing(line: str) -> dict[str, str]:
    """Bash's variables, for a line that is typed up to here."""
    return {"_JHOS_COMPLETE": "bash_complete", "COMP_LINE": line, "COMP_WORDBREAKS": "=:@"}
