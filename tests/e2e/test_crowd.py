"""Many users at once: who has to wait is told, and waits without doing anything."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browsers import picture
from tests.e2e.lab import START_MS
from tests.e2e.programs import Run

pytestmark = pytest.mark.e2e

NAME = "crowd"
CONFIGURATION = """
c.JupyterHub.concurrent_spawn_limit = 1
c.JupyterHub.tornado_settings["spawn_throttle_retry_range"] = (6, 6)
c.JupyterHub.active_server_limit = 2
c.KubeSpawner.init_containers = [
    {"name": "slow", "image": c.KubeSpawner.image, "command": ["sleep", "10"]}
]
"""


def test_who_comes_when_many_servers_start_waits_and_gets_in(
    browser: Browser, jhos: Run, project: str, tmp_path: Path
) -> None:
    config = tmp_path / "jupyterhub_config.py"
    config.write_text(CONFIGURATION)
    jhos("deploy", "--name", NAME, "-n", project, "--config", str(config))
    url = jhos("open", NAME, "-n", project, "--print").stdout.strip()
    first, second, third = (browser.new_context().new_page() for _ in range(3))
    first.goto(url, timeout=START_MS)
    second.goto(url, timeout=START_MS)
    expect(second.locator("h1")).to_have_text("Many servers are starting")
    expect(second.locator("body")).to_contain_text("tries again by itself in 6 seconds")
    picture(second, "many-servers")
    for page in (first, second):
        page.locator('.jp-LauncherCard[data-category="Notebook"]').first.wait_for(timeout=START_MS)
    third.goto(url, timeout=START_MS)
    expect(third.locator("h1")).to_have_text("All places are taken")
    picture(third, "places-taken")
    jhos("teardown", NAME, "-n", project, "--yes", "--delete-storage")
