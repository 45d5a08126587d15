# Helpers shared by all folders.

find_package(Threads REQUIRED)

# Flags every Petrel target gets.
add_library(petrel_flags INTERFACE)
target_include_directories(petrel_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(petrel_flags INTERFACE -Wall -Wextra -Wpedantic
  -Wno-unused-parameter -fvisibility-inlines-hidden)
target_link_libraries(petrel_flags INTERFACE Threads::Threads)
if(PETREL_SANITIZE)
  target_compile_options(petrel_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  target_link_options(petrel_flags INTERFACE -fsanitize=address,undefined)
endif()
if(PETREL_TSAN)
  target_compile_options(petrel_flags INTERFACE -fsanitize=thread)
  target_link_options(petrel_flags INTERFACE -fsanitize=thread)
endif()

# Environment of every test.
set(PETREL_TEST_ENV "PETREL_SOURCE=${CMAKE_SOURCE_DIR}"
  "PETREL_BUILD=${CMAKE_BINARY_DIR}"
  "ASAN_OPTIONS=detect_leaks=1:detect_odr_violation=0"
  "UBSAN_OPTIONS=print_stacktrace=1")

set(PETREL_TSAN_AREAS unit_core unit_event unit_flow unit_routing unit_gateway
  unit_functions_host it_gateway)
if(PETREL_TSAN)
  add_custom_target(petrel_tsan_tests)
endif()

# Adds each direct subfolder of the current folder that has a CMakeLists.txt.
function(petrel_add_subfolders)
  file(GLOB children CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
    ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(child ${children})
    get_filename_component(folder ${child} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endfunction()

# petrel_library(NAME [LIBS lib...] [EXCLUDE file...])
# A static library of all *.cpp in the current folder (interface library when
# there are none), named faas_NAME.
function(petrel_library name)
  cmake_parse_arguments(arg "" "" "LIBS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(file ${arg_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  if(sources)
    add_library(faas_${name} STATIC ${sources})
    target_link_libraries(faas_${name} PUBLIC petrel_flags ${arg_LIBS})
  else()
    add_library(faas_${name} INTERFACE)
    target_link_libraries(faas_${name} INTERFACE petrel_flags ${arg_LIBS})
  endif()
endfunction()

# petrel_tests(KIND AREA [LIBS lib...] [TIMEOUT seconds])
# One program of all *_test.cpp in the current folder; one ctest entry per file.
# The suite in x_test.cpp must be called x_test. KIND becomes the label.
function(petrel_tests kind area)
  cmake_parse_arguments(arg "" "TIMEOUT" "LIBS;ENV" ${ARGN})
  if(NOT PETREL_TESTS)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  set(program test_${kind}_${area})
  set(labels ${kind})
  # CAF-free code with threads of its own: tools/test runs these under TSan.
  if(PETREL_TSAN AND "${kind}_${area}" IN_LIST PETREL_TSAN_AREAS)
    list(APPEND labels tsan)
  endif()
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE petrel_flags petrel_test_main
    ${arg_LIBS})
  if("tsan" IN_LIST labels)
    add_dependencies(petrel_tsan_tests ${program})
  endif()
  foreach(source ${sources})
    get_filename_component(suite ${source} NAME_WE)
    add_test(NAME ${kind}.${area}.${suite}
      COMMAND ${program} --run_test=${suite} --log_level=test_suite
        --report_level=short --catch_system_errors=no)
    set_tests_properties(${kind}.${area}.${suite} PROPERTIES
      LABELS "${labels}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT
      "${PETREL_TEST_ENV};${arg_ENV}")
  endforeach()
endfunction()

# petrel_python_tests(KIND AREA [TIMEOUT seconds])
# One ctest entry per *_test.py in the current folder. KIND becomes the label.
function(petrel_python_tests kind area)
  cmake_parse_arguments(arg "" "TIMEOUT" "" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  find_package(Python3 COMPONENTS Interpreter)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
    ${CMAKE_CURRENT_SOURCE_DIR}/*_test.py)
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    add_test(NAME ${kind}.${area}.${name}
      COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/${file} -v)
    set_tests_properties(${kind}.${area}.${name} PROPERTIES LABELS ${kind}
      TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${PETREL_TEST_ENV}")
  endforeach()
endfunction()
