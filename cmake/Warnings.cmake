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
            # A precompiled header that the compiler rejects costs time only: it reads the headers themselves.
            $<$<BOOL:${TORC_DEV_MODE}>:-Werror>
            $<$<BOOL:${TORC_DEV_MODE}>:-Wno-error=invalid-pch>)
