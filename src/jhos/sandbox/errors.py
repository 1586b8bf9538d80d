"""What goes wrong with a sandbox, told to its user."""


class SandboxError(Exception):
    """What failed, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint
