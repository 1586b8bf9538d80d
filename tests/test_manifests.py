import yaml

from jhos.manifests import KUSTOMIZATION, documents, files, header
from jhos.objects import Object
from jhos.render import Facts, render
from jhos.settings.load import load


def objects(facts: Facts) -> list[Object]:
    return render(load({"name": "alpha"}), facts)


def test_the_order_in_which_objects_come_makes_no_difference(facts: Facts) -> None:
    there, back = objects(facts), list(reversed(objects(facts)))
    assert documents(there) == documents(back)
    assert files("alpha", "demo", there, kustomize=True) == files(
        "alpha", "demo", back, kustomize=True
    )


def test_the_text_reads_back_as_the_objects(facts: Facts) -> None:
    def key(obj: Object) -> tuple[str, str]:
        return obj["kind"], obj["metadata"]["name"]

    text = documents(objects(facts))
    assert list(yaml.safe_load_all(text)) == sorted(objects(facts), key=key)
    assert "&id" not in text


def test_lines_of_a_configuration_stay_lines(facts: Facts) -> None:
    text = documents([obj for obj in objects(facts) if obj["kind"] == "ConfigMap"])
    assert "  settings.yaml: |\n    name: alpha\n" in text


def test_a_kustomization_lists_the_files_beside_it(facts: Facts) -> None:
    found = files("alpha", "demo", objects(facts), kustomize=True)
    listed = yaml.safe_load(found[KUSTOMIZATION])
    assert {*listed["resources"], KUSTOMIZATION} == set(found)
    assert listed["namespace"] == "demo"
    assert KUSTOMIZATION not in files("alpha", "demo", objects(facts), kustomize=False)
    assert all(text.startswith(header("alpha")) for text in found.values())
