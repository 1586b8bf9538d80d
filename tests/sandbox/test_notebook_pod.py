"""The pods of users that the hub's spawner makes, on the node of the sandbox."""

from pathlib import Path

import pytest
import yaml
from kubespawner.clients import load_config
from traitlets.config import Config

from jhos.sandbox.controllers.volumes import CLAIMS
from jhos.settings.load import load
from jhos_hub.spawner import update_spawner
from tests.hub_image.pods import pods
from tests.sandbox.running import PYTHON, Project

STACKS = "quay.io/jupyter/minimal-notebook:latest"  # whose pods get a group of their own as well


@pytest.fixture
def config(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """That of a spawner in the project, for users with volumes."""
    auth = {"type": "password", "allow_all": True}
    settings = load({"name": "course", "auth": auth, "storage": {"size": "1Gi"}}).as_dict()
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/settings.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("APP_ROOT", str(tmp_path))
    where = "kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
    monkeypatch.setattr(where, str(project.layout.admin_kubeconfig))
    load_config.cache_clear()
    c = Config()
    update_spawner(c, settings)
    return c


@pytest.mark.parametrize("image", [PYTHON, STACKS])
async def test_a_key_on_the_users_volume_stays_private_over_a_restart(
    project: Project, config: Config, image: str
) -> None:
    config.KubeSpawner.image = image
    (spawned,) = await pods(config, "ada")
    spec = {key: spawned["spec"][key] for key in ("securityContext", "volumes")}
    (mount,) = spawned["spec"]["containers"][0]["volumeMounts"]
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    await project.create(CLAIMS, "PersistentVolumeClaim", "course-nb-ada", spec=claim)

    async def run(name: str, script: str) -> str:
        home = f"cd {mount['mountPath']} && "
        return await project.finished(name, home + script, volumeMounts=[mount], pod=spec)

    await run("first", "mkdir -m 700 .ssh && echo k > .ssh/id && chmod 600 .ssh/id")
    assert await run("second", "stat -c %a .ssh/id") == "600\n"
