# Every package is Debian's own; scripts/install-deps.sh installs them. The versions of Debian 12, Debian 13 and Ubuntu
# 24.04 are supported. What differs between them is dealt with here.
find_package(Threads REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLiteCpp REQUIRED)
# Checked at compile time, some formats of fmt 10 itself are no constant expressions for clang 17 and later.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 17 AND fmt_VERSION VERSION_LESS 11)
  set_property(TARGET fmt::fmt APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS "FMT_CONSTEVAL=")
endif()
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp) # since 0.8
  add_library(yaml-cpp ALIAS yaml-cpp::yaml-cpp)
endif()

# Debian's RE2 has no CMake package. One that needs Abseil (since 2023-06: Debian 13, Ubuntu 24.04) tells in its pkg-config
# file which of Abseil's many libraries. One without is linked statically: workers that get this program copied need one
# library less.
find_path(TORC_RE2_INCLUDE_DIR re2/re2.h REQUIRED)
file(STRINGS "${TORC_RE2_INCLUDE_DIR}/re2/re2.h" TORC_RE2_ABSEIL REGEX "^#include \"absl/" LIMIT_COUNT 1)
if(TORC_RE2_ABSEIL)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(RE2 REQUIRED re2)
  # Without the compiler options that it has: -pthread would make precompiled headers useless.
  add_library(re2::re2 INTERFACE IMPORTED)
  target_link_libraries(re2::re2 INTERFACE ${RE2_LINK_LIBRARIES} Threads::Threads)
  target_link_options(re2::re2 INTERFACE LINKER:--as-needed)
else()
  find_library(TORC_RE2_LIBRARY NAMES libre2.a re2 REQUIRED)
  add_library(re2::re2 UNKNOWN IMPORTED)
  set_target_properties(re2::re2 PROPERTIES IMPORTED_LOCATION "${TORC_RE2_LIBRARY}"
                                            INTERFACE_INCLUDE_DIRECTORIES "${TORC_RE2_INCLUDE_DIR}"
                                            INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
find_package(ZLIB REQUIRED)

# libarchive's own CMake package knows the shared library only, which draws in a dozen others (XML, ACLs, kinds of
# compression) that workers may lack. The static one needs zlib and nothing else for what is used of it, the tar format.
find_library(TORC_ARCHIVE_LIBRARY NAMES libarchive.a archive REQUIRED)
find_path(TORC_ARCHIVE_INCLUDE_DIR archive_entry.h REQUIRED)
add_library(libarchive::libarchive UNKNOWN IMPORTED)
set_target_properties(libarchive::libarchive PROPERTIES IMPORTED_LOCATION "${TORC_ARCHIVE_LIBRARY}"
                                                        INTERFACE_INCLUDE_DIRECTORIES "${TORC_ARCHIVE_INCLUDE_DIR}"
                                                        INTERFACE_LINK_LIBRARIES ZLIB::ZLIB)
find_package(Boost 1.74 REQUIRED) # headers only: Asio and Beast
if(TORC_MIMALLOC)
  find_package(mimalloc REQUIRED)
endif()
if(TORC_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
