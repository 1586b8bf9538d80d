#!/bin/bash
# The command under which hubs start a user's server.
exec start-notebook.sh "$@"
