#!/bin/sh
# namespace.sh COMMAND…   Runs COMMAND in a network namespace of its own, so that the fixed ports of the phones, of the
# proxy (5060) and of the server (6067) meet nobody else's, and nothing that the phones send leaves the machine. The
# namespace and every process left in it go when COMMAND ends, however it ends. Needs root (CAP_NET_ADMIN and
# CAP_SYS_ADMIN). Inside such a namespace already, COMMAND is simply run.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
[ $# -gt 0 ] || { echo "usage: $0 COMMAND…" >&2; exit 2; }
command -v ip >/dev/null 2>&1 || { echo "namespace.sh: no 'ip' here: run test/interop/install-peers.sh" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "namespace.sh: network namespaces need root: run it as root or with sudo" >&2; exit 1; }

if [ -n "${B2BUA_TEST_NAMESPACE:-}" ]; then exec "$@"; fi

name="b2b-$$-$(date +%s)"
ip netns add "$name" || { echo "namespace.sh: this environment allows no network namespaces (CAP_SYS_ADMIN)" >&2; exit 1; }
child=
finish() {
  trap - EXIT INT TERM HUP
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
  # only processes that were started inside: nobody else can be in a namespace of this name
  for signal in TERM KILL; do
    pids=$(ip netns pids "$name" 2>/dev/null) || pids=
    [ -n "$pids" ] || break
    # shellcheck disable=SC2086
    kill -$signal $pids 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      [ -n "$(ip netns pids "$name" 2>/dev/null)" ] || break
      sleep 0.1
    done
  done
  ip netns del "$name"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

ip -n "$name" link set lo up
# linphone finds its own address by asking for the route to a public one: a veth pair with both ends inside gives it a
# default route that leads nowhere
ip -n "$name" link add host0 type veth peer name host1
ip -n "$name" addr add 10.99.0.1/24 dev host0
ip -n "$name" link set host0 up
ip -n "$name" link set host1 up
ip -n "$name" route add default dev host0

B2BUA_TEST_NAMESPACE=$name ip netns exec "$name" "$@" &
child=$!
# `wait` returns at once when a signal is trapped; its status is COMMAND's otherwise
status=0
wait "$child" || status=$?
child=
exit "$status"
