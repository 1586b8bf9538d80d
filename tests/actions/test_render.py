from pathlib import Path
from typing import Any

import pytest

from jhos.actions.edits import Given, Stored
from jhos.actions.render import secret_data
from jhos.actions.rendered import Rendered, render_offline, without_secret, write
from jhos.actions.wanted import Wanted
from jhos.errors import SettingsError
from jhos.events import silent
from jhos.settings.load import load

IMAGES = {"hub": {"image": "quay.io/org/hub:1"}, "notebook": {"image": "quay.io/org/notebook:1"}}


def rendered(**settings: Any) -> Rendered:
    return render_offline("demo", Given(settings={"name": "alpha", **IMAGES, **settings}), silent)


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_what_is_rendered_offline_holds_no_secret() -> None:
    assert "Secret" not in {obj["kind"] for obj in rendered().objects}


def test_an_image_that_only_a_cluster_knows_is_refused_offline() -> None:
    with pytest.raises(SettingsError, match="jupyterhub:latest"):
        render_offline("demo", Given(settings={}), silent)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, rendered(), kustomize=True)
    before = contents(tmp_path)
    write(tmp_path, rendered(), kustomize=True)
    assert contents(tmp_path) == before


def test_a_file_that_is_wanted_no_more_goes_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("kind: ConfigMap\n")
    write(tmp_path, rendered(), kustomize=False)
    _, removed = write(tmp_path, rendered(database={"type": "sqlite"}), kustomize=False)
    assert tmp_path / "deployment-alpha-db.yaml" in removed
    assert "deployment-alpha-db.yaml" not in contents(tmp_path)
    assert "own.yaml" in contents(tmp_path)


def test_a_file_of_somebody_else_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [own.yaml]\n")
    with pytest.raises(SettingsError, match="kustomization"):
        write(tmp_path, rendered(), kustomize=True)
    assert contents(tmp_path) == {"kustomization.yaml": "resources: [own.yaml]\n"}


def test_a_secret_is_made_with_the_files_that_hold_some_and_all_that_it_has() -> None:
    files = {"jupyterhub_config.py": "c.X.client_secret = 'abc'"}
    edited = Stored(exists=True, settings={}, configuration=files, secrets={"own": "YQ=="})
    data = secret_data("alpha", {"own": "YQ==", "jupyterhub_config.sh": "Yg=="}, edited)
    assert data["jupyterhub_config.py"]
    assert (data["own"], data["jupyterhub_config.sh"]) == ("YQ==", "Yg==")
    assert "cookie-secret" in data


def test_the_key_of_a_certificate_is_in_no_file(tmp_path: Path) -> None:
    settings = load({"name": "alpha", **IMAGES, "database": {"type": "sqlite"}})
    wanted = Wanted(settings=settings, configuration={}, secrets={}, namespace="demo", images={},
                    certificate={"certificate": "public", "key": "canary"})  # fmt: skip
    images = {spec: spec for spec in (settings.hub.image, settings.notebook.image)}
    objects = without_secret(wanted, images)
    assert "public" in str(objects)
    assert "canary" not in str(objects)
    found = Rendered(name="alpha", namespace="demo", objects=objects, absent=(), has_secret=True)
    with pytest.raises(SettingsError, match="private key"):
        write(tmp_path, found, kustomize=False)
