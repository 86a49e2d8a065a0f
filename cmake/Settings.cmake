# How our own code is compiled. Libraries link torc_settings privately; headers of other projects are not affected.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

find_program(TORC_CCACHE ccache)
if(TORC_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The settings let checkouts in different directories share what they compiled, precompiled headers included.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${TORC_CCACHE}")
endif()

add_library(torc_settings INTERFACE)
target_include_directories(torc_settings INTERFACE "${CMAKE_SOURCE_DIR}/include" "${CMAKE_BINARY_DIR}/generated")
if(TORC_DEV_MODE)
  target_compile_definitions(torc_settings INTERFACE _GLIBCXX_ASSERTIONS)
endif()
