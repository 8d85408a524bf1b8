#!/bin/sh
# The Supervisor hands its token over in the environment, and the options as a file.
set -eu
export CEXIO_BOT_HOME_ASSISTANT_TOKEN="$SUPERVISOR_TOKEN"
exec cexio-telegram-bot run --config /data/options.json
