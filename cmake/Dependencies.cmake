# Every package is Debian 12's own; scripts/install-deps.sh installs them.
find_package(Threads REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(yaml-cpp REQUIRED)

# Debian's RE2 has no CMake package. Linked statically: workers that get this program copied need one library less.
find_library(TORC_RE2_LIBRARY NAMES libre2.a re2 REQUIRED)
find_path(TORC_RE2_INCLUDE_DIR re2/re2.h REQUIRED)
add_library(re2::re2 UNKNOWN IMPORTED)
set_target_properties(re2::re2 PROPERTIES IMPORTED_LOCATION "${TORC_RE2_LIBRARY}"
                                          INTERFACE_INCLUDE_DIRECTORIES "${TORC_RE2_INCLUDE_DIR}"
                                          INTERFACE_LINK_LIBRARIES Threads::Threads)
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
if(TORC_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
