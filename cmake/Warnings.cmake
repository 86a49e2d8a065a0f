# Warnings for our own code.
add_library(torc_warnings INTERFACE)
target_compile_options(
  torc_warnings
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wconversion # silent narrowing loses ids above 2^31
            # Files that are compiled together see each other's names.
            $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>
            -Wold-style-cast
            -Wmissing-declarations # a function outside an anonymous namespace that no header names
            -Wnon-virtual-dtor
            -Woverloaded-virtual
            $<$<BOOL:${TORC_DEV_MODE}>:-Werror>)
