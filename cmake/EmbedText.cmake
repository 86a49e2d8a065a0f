# torc_embed_text(OUT NAMESPACE a::b HEADER h.hpp FILES x/y.js ...): writes a source with the text of each file as
# `const std::string_view k_y_js`; HEADER declares them. A change of a file makes it anew.
function(torc_embed_text out)
  cmake_parse_arguments(arg "" "NAMESPACE;HEADER" "FILES" ${ARGN})
  set(TORC_TEXTS "")
  foreach(file IN LISTS arg_FILES)
    set(path "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    get_filename_component(name "${file}" NAME)
    string(MAKE_C_IDENTIFIER "${name}" name)
    file(READ "${path}" text)
    string(APPEND TORC_TEXTS "const std::string_view k_${name} = R\"__text__(${text})__text__\";\n")
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${out}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT
       "#include \"@arg_HEADER@\"\n\nnamespace @arg_NAMESPACE@ {\n\n@TORC_TEXTS@\n}  // namespace @arg_NAMESPACE@\n" @ONLY)
  set(${out} "${source}" PARENT_SCOPE)
endfunction()
