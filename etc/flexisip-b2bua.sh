#!/bin/sh
# Installed as bin/flexisip-b2bua: runs the program with the Node that came with it, or where npm had none for this machine,
# with the system's.
lib=$(dirname "$(readlink -f "$0")")/../lib/flexisip-b2bua
for node in "$lib"/node_modules/node-linux-*/bin/node node; do
    if [ -x "$node" ]; then break; fi
done
exec "$node" "$lib/src/main.ts" "$@"
