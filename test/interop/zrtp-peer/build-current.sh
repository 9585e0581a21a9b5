#!/bin/sh
# build-current.sh LINPHONE_SDK LIBOQS   Builds out/zrtp-peer-current: zrtp-peer on the bzrtp of a current linphone-sdk, with its
# post-quantum key agreements, which Debian's has not. Takes two git repositories: linphone-sdk (its HEAD; no submodule is needed),
# and liboqs with its release 0.12.0, the last one with every algorithm that bzrtp names. Needs Debian's libbctoolbox-dev,
# libsqlite3-dev, cmake, ninja and g++; what this bzrtp wants of a later bctoolbox stands below.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 LINPHONE_SDK LIBOQS" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
program=$here/../../../out/zrtp-peer-current
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git -C "$1" archive HEAD bzrtp/src bzrtp/include postquantumcryptoengine/src postquantumcryptoengine/include \
  bctoolbox/include/bctoolbox/crypto.h | tar -x -C "$work"
mkdir "$work/oqs"
git -C "$2" archive f4b96220e | tar -x -C "$work/oqs"

kems=$(for kem in ml_kem kyber; do for size in 512 768 1024; do printf 'KEM_%s_%s;' $kem $size; done; done)
cmake -GNinja -S "$work/oqs" -B "$work/build" -DBUILD_SHARED_LIBS=OFF -DOQS_BUILD_ONLY_LIB=ON -DOQS_USE_OPENSSL=OFF \
  -DOQS_DIST_BUILD=OFF -DOQS_OPT_TARGET=generic -DCMAKE_BUILD_TYPE=Release \
  "-DOQS_MINIMAL_BUILD=${kems}KEM_hqc_128;KEM_hqc_192;KEM_hqc_256" >"$work/log"
ninja -C "$work/build" >>"$work/log"

cd "$work"
: >config.h
{ grep 'define BCTBX_KEM' bctoolbox/include/bctoolbox/crypto.h; echo '#define BCTBX_UNUSED(x) x'; } >later.h
cat >hkdf.cc <<'END'
#include "bctoolbox/crypto.hh"
using bytes = std::vector<uint8_t>;
namespace bctoolbox {
/* RFC 5869; Debian's library has it with SHA-256 and SHA-512 only */
template <> bytes HKDF<SHA384>(const bytes &salt, const bytes &material, const bytes &info, size_t length) {
	const bytes key = HMAC<SHA384>(salt, material);
	bytes block, out;
	for (uint8_t count = 1; out.size() < length; count++) {
		block.insert(block.end(), info.begin(), info.end());
		block.push_back(count);
		block = HMAC<SHA384>(key, block);
		out.insert(out.end(), block.begin(), block.end());
	}
	out.resize(length);
	return out;
}
}
END
flags="-O1 -w -include later.h -I. -Ibzrtp/include -Ipostquantumcryptoengine/include -Ibuild/include -DHAVE_CONFIG_H
  -DHAVE_BCTBXPQ -DZIDCACHE_ENABLED -DGOCLEAR_ENABLED -DBCTBX_LOG_DOMAIN=\"bzrtp\""
for file in bzrtp/src/*.c postquantumcryptoengine/src/crypto.c "$here/zrtp-peer.c"; do
  # shellcheck disable=SC2086
  gcc $flags -c "$file" -o "$(echo "$file" | tr / _).o"
done
for file in bzrtp/src/cryptoUtils.cc postquantumcryptoengine/src/crypto.cc hkdf.cc; do
  # shellcheck disable=SC2086
  g++ -std=c++17 $flags -c "$file" -o "$(echo "$file" | tr / _).o"
done
mkdir -p "$(dirname "$program")"
g++ -o "$program" ./*.o build/lib/liboqs.a -lbctoolbox -lsqlite3 -lpthread
echo "$program"
