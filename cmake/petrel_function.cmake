# petrel_function(NAME source...)
# Builds the shared library NAME.so of a function: the artifact that a bundle
# holds. Only the function's table is visible outside of it.
function(petrel_function name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE petrel::sdk)
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    CXX_VISIBILITY_PRESET hidden
    C_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # A unique symbol would keep the library in the node for ever.
    target_compile_options(${name} PRIVATE -fno-gnu-unique)
  endif()
  if(NOT APPLE)
    # Symbols that nobody provides are found now, not when the node loads it.
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
