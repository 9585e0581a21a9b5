#!/bin/sh
# Installed as bin/flexisip-b2bua: runs the program with the Node that came with it.
lib=$(dirname "$(readlink -f "$0")")/../lib/flexisip-b2bua
PATH=$lib/node_modules/.bin:$PATH
exec node "$lib/src/main.ts" "$@"
