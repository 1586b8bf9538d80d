"""The base images, made from what the host has: its Python, and wheels with Node and PostgreSQL."""

from jhos.sandbox.base import postgresql, python
from jhos.sandbox.base.definition import BaseImage

__all__ = ["BaseImage", "base_images"]


def base_images() -> list[BaseImage]:
    return [python.image(), postgresql.image()]
