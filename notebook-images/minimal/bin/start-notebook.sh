#!/bin/bash
# Starts the notebook server: a user's of a hub where one started this pod, else one alone.
set -eo pipefail

# Programs that run as process 1 neither end orphans nor react to a signal without a handler.
if [ $$ = 1 ]; then
    exec dumb-init --single-child "$0" "$@"
fi

if [ -f "$HOME/.jupyter/jupyter_notebook_config.sh" ]; then
    . "$HOME/.jupyter/jupyter_notebook_config.sh"
fi

# For terminals. Bash has set its own SHELL to what /etc/passwd says, which is /sbin/nologin.
if ! printenv SHELL >/dev/null; then
    export SHELL=/bin/bash
fi

# Numerical libraries start a thread for each core of the node, whatever the limit is.
if [ -n "$CPU_LIMIT" ]; then
    threads=${CPU_LIMIT%.*}
    if [[ $CPU_LIMIT == *.*[1-9]* ]]; then
        threads=$((threads + 1))
    fi
    for name in {OMP,OPENBLAS,MKL,NUMEXPR,NUMBA}_NUM_THREADS POLARS_MAX_THREADS \
        TF_NUM_INTRAOP_THREADS PYTHON_CPU_COUNT; do
        export "$name=${!name:-$threads}"
    done
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
