#!/bin/bash
# Starts the hub. The shell files of the image and of the ConfigMap may export more environment.
set -eo pipefail

# Programs that run as process 1 neither end orphans nor react to a signal without a handler.
if [ $$ = 1 ]; then
    exec dumb-init --single-child "$0" "$@"
fi

: "${APP_ROOT:=/opt/app-root}"
export APP_ROOT

# Modules of a custom image lie beside its configuration.
export PYTHONPATH="$APP_ROOT/src${PYTHONPATH:+:$PYTHONPATH}"

# The hub sees the router's and the proxy's addresses, which differ from one request of a browser
# to the next; without this its login form is refused with "XSRF cookie does not match".
export JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS="${JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS:-10.0.0.0/8;100.64.0.0/10;172.16.0.0/12;192.168.0.0/16;fc00::/7}"

for file in "$APP_ROOT/src/.jupyter/jupyterhub_config.sh" "$APP_ROOT"/{secrets,configs}/jupyterhub_config.sh; do
    if [ -f "$file" ]; then
        . "$file"
    fi
done

cd "$APP_ROOT/src"
exec jupyterhub -f "$APP_ROOT/etc/jupyterhub_config.py" "$@"
