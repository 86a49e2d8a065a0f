# What a builder may switch. Defaults suit a packager: no -Werror, no sanitizer.
include(CMakeDependentOption)

option(TORC_BUILD_TESTS "Build the tests" ON)
option(TORC_DEV_MODE "Warnings are errors, standard library assertions on" OFF)
option(TORC_PRECOMPILED_HEADERS "Use precompiled headers where they pay" ON)
set(TORC_FILES_TOGETHER 1 CACHE STRING "How many files of a layer are compiled as one: whole builds take half the time, the build after a change more")
option(TORC_MIMALLOC "Use mimalloc instead of the C library's allocator; for static programs of musl" OFF)
option(TORC_FUZZ "Build the fuzzing targets; needs clang" OFF)
set(TORC_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: 'address,undefined' or 'thread'")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
