"""Browsers, and the pictures that tests take of their pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "google-chrome")
PICTURES = Path(__file__).parents[2] / "screenshots"
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
           "--disable-background-networking", "--disable-component-update")  # fmt: skip


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """With more options for it."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)  # else Playwright's own
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=[*OPTIONS, *options])
        yield opened
        opened.close()


def picture(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png")
