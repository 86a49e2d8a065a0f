# TORC_SANITIZE applies to everything that is linked, tests included.
if(TORC_SANITIZE)
  add_compile_options(-fsanitize=${TORC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TORC_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's manual: sanitizers make this warning wrong more often. It is on in every other build.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND TORC_SANITIZE MATCHES "undefined")
    # clang 14 cannot assemble the marks of this check in a coroutine ("Cannot represent a difference across sections").
    add_compile_options(-fno-sanitize=function)
  endif()
  if(TORC_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not understand the stand-alone fences of Asio's fenced_block.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
    add_compile_options(-Wno-tsan)
  endif()
endif()

# Marks what is compiled for the fuzzer; its targets link the fuzzer itself.
if(TORC_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
