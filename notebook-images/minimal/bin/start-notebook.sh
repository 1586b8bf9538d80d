#!/bin/bash
# Starts the notebook server: a user's of a hub where one started this pod, else one alone.
set -eo pipefail

if [ -f "$HOME/.jupyter/jupyter_notebook_config.sh" ]; then
    . "$HOME/.jupyter/jupyter_notebook_config.sh"
fi

interface="${JUPYTER_NOTEBOOK_INTERFACE:-lab}"
case "${JUPYTER_ENABLE_LAB,,}" in
    true | 1 | yes) interface=lab ;;
    false | 0 | no) interface=classic ;;
esac

case "$interface" in
    lab) page=/lab program=lab ;;
    classic) page=/tree program=notebook ;;
    *)
        echo "JUPYTER_NOTEBOOK_INTERFACE is '$interface': use lab or classic." >&2
        exit 2
        ;;
esac

if [ -n "$JUPYTERHUB_API_TOKEN" ]; then
    export JUPYTERHUB_DEFAULT_URL="${JUPYTERHUB_DEFAULT_URL:-$page}"
    exec jupyterhub-singleuser "$@"
fi
exec jupyter "$program" --ip=0.0.0.0 --port=8888 --no-browser "$@"
