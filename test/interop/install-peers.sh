#!/bin/sh
# Installs the SIP phones, proxies and tools that `make interop`, `make load`, `make churn` and `make soak` drive (Debian 12 or later; needs
# root). Quick and silent when everything is there already. `--web` adds the browser of `make e2e`.
set -eu

# program:package
peers='cc:gcc linphonec:linphone-cli baresip:baresip-core sipp:sip-tester kamailio:kamailio sipsak:sipsak tcpdump:tcpdump ip:iproute2 ss:iproute2'
[ "${1:-}" != --web ] || peers="$peers chromium:chromium"

missing=
for peer in $peers; do
  program=${peer%%:*} package=${peer#*:}
  PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null 2>&1 && continue
  case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
done
# libbzrtp, which zrtp-peer is built with
[ -e /usr/include/bzrtp/bzrtp.h ] || missing="$missing libc6-dev libbzrtp-dev libbctoolbox-dev libsqlite3-dev"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
  echo "install-peers: missing:$missing. Run as root: apt-get install -y --no-install-recommends$missing" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# Kamailio's package starts a server of its own on 5060 where systemd runs; the tests start theirs
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $missing
if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
  systemctl disable --now kamailio >/dev/null 2>&1 || echo "install-peers: could not disable the kamailio service" >&2
fi
