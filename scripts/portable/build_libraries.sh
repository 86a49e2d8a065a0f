#!/usr/bin/env bash
# Builds the libraries of the portable build, statically, for musl. Libraries that are already built are kept.
#
# usage: scripts/portable/build_libraries.sh x86_64|aarch64 SOURCES PREFIX
#   SOURCES   the directory that fetch_sources.py filled
#   PREFIX    gets bin/ (the compilers), include/, lib/, share/; PREFIX/build holds the objects and one log per library
set -euo pipefail

arch=$1 sources=$2/src files=$2/files prefix=$3
zig=$2/zig/ziglang/zig
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
objects=$prefix/build
jobs=$(nproc)
started=$SECONDS
export ZIG_GLOBAL_CACHE_DIR=$2/zig-cache ZIG_LOCAL_CACHE_DIR=$2/zig-cache
mkdir -p "$prefix"/{bin,include,lib} "$objects"

# What is built must not depend on where or when: no path of this machine, no date. Without -O, zig would sanitize.
export SOURCE_DATE_EPOCH=0
options="-fno-sanitize=undefined -ffile-prefix-map=$2=/sources -ffile-prefix-map=$prefix=/prefix"

# write_compiler NAME COMMAND...: a wrapper, since CMake and configure scripts expect a compiler to be one program. ccache tells compilers apart by size
# and time, so the time is made of the content.
write_compiler() {
  local program=$prefix/bin/$1
  shift
  printf '#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR=%q ZIG_LOCAL_CACHE_DIR=%q\nexec %q %s "$@"\n' \
    "$ZIG_GLOBAL_CACHE_DIR" "$ZIG_LOCAL_CACHE_DIR" "$zig" "$*" >"$program"
  chmod +x "$program"
  touch -d "@$((16#$(sha256sum "$program" | cut -c1-7)))" "$program"
}

if [[ ! -e $prefix/bin/ranlib ]]; then
  write_compiler cc cc -target "$arch-linux-musl" "$options"
  write_compiler c++ c++ -target "$arch-linux-musl" "$options"
  write_compiler ar ar
  write_compiler ranlib ranlib
fi

# step NAME FUNCTION ARGUMENT...: calls the function once, with its output in a log
step() {
  local name=$1
  shift
  [[ -e $objects/$name.done ]] && return
  rm -rf "${objects:?}/$name"
  mkdir "$objects/$name"
  if ! ("$@") >"$objects/$name.log" 2>&1; then
    tail -n 30 "$objects/$name.log" >&2
    echo "Error: $name cannot be built; see $objects/$name.log" >&2
    exit 1
  fi
  touch "$objects/$name.done"
  echo "  $name ($((SECONDS - started)) s)"
}

# with_cmake NAME SOURCE OPTION...
with_cmake() {
  local build=$objects/$1 source=$2
  shift 2
  cmake -S "$source" -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$repository/cmake/zig.cmake" \
    -DTORC_PORTABLE_ARCH="$arch" -DTORC_PORTABLE_PREFIX="$prefix" -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DCMAKE_C_FLAGS="-ffunction-sections -fdata-sections" \
    -DCMAKE_CXX_FLAGS="-ffunction-sections -fdata-sections" -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF "$@" || return
  cmake --build "$build" --parallel "$jobs" || return
  cmake --install "$build"
}

# In Debian's source of Boost, each library has its own directory of headers.
copy_headers() {
  cp -r "$files/usr/include/." "$prefix/include/" || return
  find "$sources/boost1.83/libs" -maxdepth 4 -type d -path '*/include/boost' -exec cp -r -t "$prefix/include" {} +
}

# Its CMake files require the sources for Windows, which Debian removed.
build_zlib() {
  cd "$objects/zlib"
  CC=$prefix/bin/cc AR=$prefix/bin/ar RANLIB=$prefix/bin/ranlib CFLAGS="-O2 -ffunction-sections -fdata-sections" \
    "$sources/zlib/configure" --static --prefix="$prefix" || return
  make -j "$jobs" libz.a || return
  make install
}

# tclsh and programs of the host generate the amalgamation.
build_sqlite() {
  cd "$objects/sqlite"
  "$sources/sqlite3/configure" --disable-tcl --disable-readline --disable-shared || return
  make sqlite3.c || return
  # Options as in Debian's package; torc's queries and SQLiteCpp need no others. Every build has WAL and transactions.
  "$prefix/bin/cc" -O2 -DNDEBUG -ffunction-sections -fdata-sections -DSQLITE_THREADSAFE=1 -DSQLITE_SECURE_DELETE \
    -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_USE_URI \
    -DSQLITE_MAX_VARIABLE_NUMBER=250000 -DSQLITE_OMIT_LOAD_EXTENSION -DHAVE_USLEEP=1 -c sqlite3.c -o sqlite3.o || return
  "$prefix/bin/ar" rcs "$prefix/lib/libsqlite3.a" sqlite3.o || return
  cp sqlite3.h "$prefix/include/"
}

# Debian's source has the programs that generate the tables, but not the tables.
build_re2() {
  local source=$objects/re2/source
  cp -r "$sources/re2" "$source" || return
  sed -i "s,/usr/share/unicode,$files&," "$source/re2/unicode.py" || return
  make -C "$source" REBUILD_TABLES=1 re2/perl_groups.cc re2/unicode_casefold.cc re2/unicode_groups.cc || return
  with_cmake re2 "$source" -DRE2_BUILD_TESTING=OFF
}

# What TLS 1.2 and 1.3, certificates and random bytes need. The library has the names of the compiler and of the
# directory to install into in it.
build_openssl() {
  cd "$objects/openssl"
  export PATH=$prefix/bin:$PATH
  CC=cc AR=ar RANLIB=ranlib CFLAGS="-O2 -ffunction-sections -fdata-sections" \
    "$sources/openssl/Configure" "linux-$arch" --prefix=/usr --libdir=lib --openssldir=/etc/ssl \
    no-shared no-module no-tests no-apps no-docs no-engine no-dso no-legacy no-ssl3 no-dtls no-comp no-cms no-ts no-ocsp \
    no-srp no-psk no-quic no-idea no-camellia no-seed no-aria no-bf no-cast no-des no-rc2 no-rc4 no-md4 no-rmd160 \
    no-whirlpool no-sm2 no-sm3 no-sm4 no-siphash no-gost no-ct no-cmp no-rfc3779 no-uplink no-ui-console no-async \
    no-autoload-config \
    no-ml-dsa no-slh-dsa || return
  make -j "$jobs" build_libs || return
  make install_dev DESTDIR="$objects/openssl/installed" || return
  cp -r installed/usr/include installed/usr/lib "$prefix/"
}

step headers copy_headers
step zlib build_zlib
step zstd with_cmake zstd "$sources/libzstd/build/cmake" -DZSTD_BUILD_PROGRAMS=OFF -DZSTD_BUILD_SHARED=OFF \
  -DZSTD_BUILD_TESTS=OFF -DZSTD_LEGACY_SUPPORT=OFF
step sqlite build_sqlite
step json with_cmake json "$sources/nlohmann-json3" -DJSON_BuildTests=OFF
step cli11 with_cmake cli11 "$sources/cli11" -DCLI11_BUILD_DOCS=OFF -DCLI11_BUILD_TESTS=OFF -DCLI11_BUILD_EXAMPLES=OFF
step fmt with_cmake fmt "$sources/fmtlib" -DFMT_TEST=OFF -DFMT_DOC=OFF
step spdlog with_cmake spdlog "$sources/spdlog" -DSPDLOG_FMT_EXTERNAL=ON -DSPDLOG_BUILD_EXAMPLE=OFF \
  -DSPDLOG_BUILD_TESTS=OFF
step re2 build_re2
step yaml-cpp with_cmake yaml-cpp "$sources/yaml-cpp" -DYAML_CPP_BUILD_TESTS=OFF -DYAML_CPP_BUILD_TOOLS=OFF
step sqlitecpp with_cmake sqlitecpp "$sources/sqlitecpp" -DSQLITECPP_INTERNAL_SQLITE=OFF \
  -DSQLITE_OMIT_LOAD_EXTENSION=ON -DSQLITECPP_RUN_CPPLINT=OFF -DSQLITECPP_RUN_CPPCHECK=OFF \
  -DSQLITECPP_USE_STACK_PROTECTION=OFF
step googletest with_cmake googletest "$sources/googletest" -DBUILD_GMOCK=OFF
step openssl build_openssl
step curl with_cmake curl "$sources/curl" -DHTTP_ONLY=ON -DBUILD_CURL_EXE=OFF -DCURL_USE_OPENSSL=ON \
  -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF -DUSE_LIBIDN2=OFF -DUSE_NGHTTP2=OFF -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF \
  -DCURL_ZSTD=OFF -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_AWS=ON \
  -DCURL_DISABLE_NEGOTIATE_AUTH=ON -DCURL_DISABLE_KERBEROS_AUTH=ON -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none \
  -DENABLE_CURL_MANUAL=OFF -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF
step libarchive with_cmake libarchive "$sources/libarchive" -DENABLE_TEST=OFF -DENABLE_TAR=OFF -DENABLE_CPIO=OFF \
  -DENABLE_CAT=OFF -DENABLE_UNZIP=OFF -DENABLE_OPENSSL=OFF -DENABLE_LIBB2=OFF -DENABLE_LZ4=OFF -DENABLE_LZMA=OFF \
  -DENABLE_ZSTD=OFF -DENABLE_BZip2=OFF -DENABLE_LIBXML2=OFF -DENABLE_EXPAT=OFF -DENABLE_PCREPOSIX=OFF \
  -DENABLE_PCRE2POSIX=OFF -DENABLE_CNG=OFF -DENABLE_ACL=OFF -DENABLE_XATTR=OFF -DENABLE_ICONV=OFF -DENABLE_NETTLE=OFF \
  -DENABLE_WERROR=OFF
# It replaces aligned_alloc only where this macro of glibc is set. With musl's, free would get memory of another allocator.
aligned="-ffunction-sections -fdata-sections -D__USE_ISOC11=1"
step mimalloc with_cmake mimalloc "$sources/mimalloc" -DMI_BUILD_SHARED=OFF -DMI_BUILD_TESTS=OFF \
  -DMI_BUILD_OBJECT=OFF -DMI_OVERRIDE=ON -DMI_INSTALL_TOPLEVEL=ON \
  -DCMAKE_C_FLAGS="$aligned" -DCMAKE_CXX_FLAGS="$aligned"
