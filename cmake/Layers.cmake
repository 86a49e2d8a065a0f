# What is read into every file of a layer that says PRECOMPILED, and of every unit test. All of them share two such
# headers, since each takes seconds to make: one for layers, one with GoogleTest for the tests, which are compiled with
# other options.
set(TORC_COMMON_HEADERS
    <algorithm>
    <chrono>
    <cstdint>
    <functional>
    <map>
    <memory>
    <optional>
    <string>
    <string_view>
    <utility>
    <variant>
    <vector>
    <fmt/format.h>
    <torc/base/json_template.hpp>)

# What is tested is optimised, the tests themselves need not be: they compile in half the time.
set(TORC_UNIT_TEST_OPTIONS $<$<CONFIG:Release>:-O0>)

# torc_precompiled_headers(NAME HEADERS <a> <b> LIBRARIES ...): a target for others to reuse the headers of. Compiler
# options and the macros that these headers look at have to be the same there.
function(torc_precompiled_headers name)
  cmake_parse_arguments(arg "" "" "HEADERS;LIBRARIES" ${ARGN})
  set(source "${CMAKE_BINARY_DIR}/generated/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "// A target has to have a source.\n")
  add_library(${name} OBJECT "${source}")
  target_link_libraries(${name} PRIVATE torc_settings torc_warnings fmt::fmt nlohmann_json::nlohmann_json ${arg_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()

if(TORC_PRECOMPILED_HEADERS)
  torc_precompiled_headers(torc_precompiled HEADERS ${TORC_COMMON_HEADERS})
  if(TORC_BUILD_TESTS)
    torc_precompiled_headers(unit_precompiled HEADERS ${TORC_COMMON_HEADERS} <gtest/gtest.h> LIBRARIES GTest::gtest)
    target_compile_options(unit_precompiled PRIVATE ${TORC_UNIT_TEST_OPTIONS})
  endif()
endif()

# Most of a file's time goes into the headers it includes; TORC_FILES_TOGETHER shares that. Builds with 1 prove that each
# file stands on its own.
function(torc_compile_together target)
  if(TORC_FILES_TOGETHER GREATER 1)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${TORC_FILES_TOGETHER})
    # GCC takes a test's file for a header here, and warns of what its anonymous namespace holds.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# One static library for each folder of src: torc_layer(NAME [PRECOMPILED] SOURCES a.cpp b.cpp DEPENDS base proc
# LIBRARIES CURL::libcurl). DEPENDS names lower layers only; scripts/check_layers.py holds the includes to it.
# PRECOMPILED pays where most files include nlohmann/json.hpp.
function(torc_layer name)
  cmake_parse_arguments(arg "PRECOMPILED" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(torc_${name} STATIC ${arg_SOURCES})
  torc_compile_together(torc_${name})
  target_include_directories(torc_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  list(TRANSFORM arg_DEPENDS PREPEND torc_)
  target_link_libraries(torc_${name} PUBLIC torc_settings ${arg_DEPENDS} ${arg_LIBRARIES} PRIVATE torc_warnings)
  if(arg_PRECOMPILED AND TORC_PRECOMPILED_HEADERS)
    target_precompile_headers(torc_${name} REUSE_FROM torc_precompiled)
  endif()
endfunction()

# All unit test programs, for builds that want nothing else.
add_custom_target(unit_tests)

# One unit test program for each layer: torc_unit_test(base SOURCES strings_test.cpp ... LIBRARIES ...). SHARDS: as many
# ctests, each with its part of the tests, for programs whose tests mostly wait.
function(torc_unit_test name)
  cmake_parse_arguments(arg "" "SHARDS" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(unit_${name} ${arg_SOURCES})
  torc_compile_together(unit_${name})
  target_include_directories(unit_${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests" "${CMAKE_SOURCE_DIR}/src" "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(unit_${name} PRIVATE torc_${name} ${arg_LIBRARIES} torc_warnings GTest::gtest_main)
  target_compile_options(unit_${name} PRIVATE ${TORC_UNIT_TEST_OPTIONS})
  if(TORC_PRECOMPILED_HEADERS)
    target_precompile_headers(unit_${name} REUSE_FROM unit_precompiled)
  endif()
  add_dependencies(unit_tests unit_${name})
  if(NOT arg_SHARDS)
    set(arg_SHARDS 1)
  endif()
  foreach(shard RANGE 1 ${arg_SHARDS})
    set(test unit.${name})
    if(arg_SHARDS GREATER 1)
      string(APPEND test _${shard})
    endif()
    math(EXPR index "${shard} - 1")
    add_test(NAME ${test} COMMAND unit_${name} --gtest_shuffle --gtest_brief=1)
    set_tests_properties(
      ${test} PROPERTIES LABELS unit TIMEOUT 300 ENVIRONMENT "GTEST_TOTAL_SHARDS=${arg_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
