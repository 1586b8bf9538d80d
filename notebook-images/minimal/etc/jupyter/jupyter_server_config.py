"""Defaults of every notebook server; those in `~/.jupyter` override them."""

import os
from importlib.util import find_spec
from shutil import which

c = get_config()

# No login shell, which Jupyter takes otherwise: that reads no ~/.bashrc.
c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL", "/bin/bash")]}

# Offer no export whose program is missing; an image on top of this one may have it.
if not which("pandoc"):
    c.ASCIIDocExporter.enabled = c.LatexExporter.enabled = c.RSTExporter.enabled = False
if not which("xelatex"):
    c.PDFExporter.enabled = False
if not find_spec("playwright"):
    c.WebPDFExporter.enabled = False
if not find_spec("PyQt5"):
    c.QtPDFExporter.enabled = c.QtPNGExporter.enabled = False
