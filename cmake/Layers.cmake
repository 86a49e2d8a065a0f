# One static library for each folder of src: torc_layer(NAME SOURCES a.cpp b.cpp DEPENDS base proc LIBRARIES CURL::libcurl).
# DEPENDS names lower layers only; scripts/check_layers.py holds the includes to it.
function(torc_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(torc_${name} STATIC ${arg_SOURCES})
  target_include_directories(torc_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  list(TRANSFORM arg_DEPENDS PREPEND torc_)
  target_link_libraries(torc_${name} PUBLIC torc_settings ${arg_DEPENDS} ${arg_LIBRARIES} PRIVATE torc_warnings)
endfunction()

# All unit test programs, for builds that want nothing else.
add_custom_target(unit_tests)

# One unit test program for each layer: torc_unit_test(base SOURCES strings_test.cpp ... LIBRARIES ...).
function(torc_unit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(unit_${name} ${arg_SOURCES})
  target_include_directories(unit_${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests" "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(unit_${name} PRIVATE torc_${name} ${arg_LIBRARIES} torc_warnings GTest::gtest_main)
  # What is tested is optimised, the tests themselves need not be: they compile in half the time.
  target_compile_options(unit_${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  add_dependencies(unit_tests unit_${name})
  add_test(NAME unit.${name} COMMAND unit_${name} --gtest_shuffle --gtest_brief=1)
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
