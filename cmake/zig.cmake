# A toolchain for static programs of musl, with zig as the compiler. scripts/portable.sh makes what it needs:
# TORC_PORTABLE_ARCH (x86_64 or aarch64) and TORC_PORTABLE_PREFIX (bin/ with the compilers, include/, lib/).
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TORC_PORTABLE_ARCH TORC_PORTABLE_PREFIX)

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR "${TORC_PORTABLE_ARCH}")
set(CMAKE_C_COMPILER "${TORC_PORTABLE_PREFIX}/bin/cc")
set(CMAKE_CXX_COMPILER "${TORC_PORTABLE_PREFIX}/bin/c++")
set(CMAKE_AR "${TORC_PORTABLE_PREFIX}/bin/ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${TORC_PORTABLE_PREFIX}/bin/ranlib" CACHE FILEPATH "")

# std::jthread and std::stop_token, which libc++ has for a while, but only on request.
set(CMAKE_CXX_FLAGS_INIT -D_LIBCPP_ENABLE_EXPERIMENTAL)

# Nothing of the machine that builds: its libraries are not musl's.
set(CMAKE_FIND_ROOT_PATH "${TORC_PORTABLE_PREFIX}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
