"""The configurations that the recipe of old gives its readers, word for word, by name."""

import os
import re
from pathlib import Path

DOCUMENT = Path(__file__).with_name("recipe.md")
ORIGINAL = Path(
    os.environ.get("JHOS_RECIPE", Path(__file__).parents[3] / "shared/upstream-readme.md")
)


def blocks() -> dict[str, str]:
    """Heading → code of each block in recipe.md."""
    found = re.findall(r"^## (\S+)\n\n```\n(.*?)^```$", DOCUMENT.read_text(), re.M | re.S)
    return dict(found)


def python_blocks(text: str) -> list[str]:
    """Of a Markdown text: those that set something on `c`."""
    return [code for code in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S) if "c." in code
            and re.search(r"^c\.", code, re.M)]  # fmt: skip
