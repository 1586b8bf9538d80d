"""JupyterLab as a user sees it: open it, write a cell, read what it prints."""

from playwright.sync_api import Browser, Page, expect

from tests.e2e.programs import Run

START_MS = 180_000
CELL_MS = 90_000


def open_lab(browser: Browser, url: str) -> Page:
    """A browser of its own, so a user of its own; returns when a kernel is idle."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(url, timeout=START_MS)
    card = page.locator('.jp-LauncherCard[data-category="Notebook"]').first
    card.wait_for(timeout=START_MS)
    card.click()
    wait_idle(page)
    return page


def wait_idle(page: Page) -> None:
    """Without an idle kernel a cell that is run prints nothing."""
    page.locator(".jp-StatusBar-Widget", has_text="Idle").wait_for(timeout=CELL_MS)


def start_cell(page: Page, code: str) -> None:
    """Type into the last cell and run it."""
    page.locator(".jp-Notebook .jp-Cell .cm-content").last.click()
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def expect_output(page: Page, text: str) -> None:
    output = page.locator(".jp-OutputArea-output", has_text=text)
    expect(output.first).to_be_visible(timeout=CELL_MS)


def run_cell(page: Page, code: str) -> str:
    """What the cell prints, once it has ended."""
    before = page.locator(".jp-OutputArea-output").count()
    start_cell(page, code)
    output = page.locator(".jp-OutputArea-output").nth(before)
    output.wait_for(timeout=CELL_MS)
    return output.inner_text()


WAITING = """
import os, time
print('begun in ' + os.uname().nodename)
while not os.path.exists('/tmp/go'):
    time.sleep(0.1)
print('fin' + 'ished')
"""


def start_waiting_cell(page: Page) -> str:
    """Run a cell that ends only when `end_waiting_cell` says so. Return the name of its pod."""
    before = page.locator(".jp-OutputArea-output").count()
    start_cell(page, WAITING)
    output = page.locator(".jp-OutputArea-output").nth(before)
    expect(output).to_contain_text("begun in", timeout=CELL_MS)
    return output.inner_text().split()[2]


def end_waiting_cell(page: Page, kubectl: Run, project: str, pod: str) -> None:
    kubectl("exec", pod, "-n", project, "--", "touch", "/tmp/go")
    expect_output(page, "finished")
