"""jhos deploys a multi-user JupyterHub into an OpenShift project."""

__version__ = "0.1.0"
