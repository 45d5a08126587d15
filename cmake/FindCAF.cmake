# CAF 0.17 as Debian ships it: headers and libraries without a CMake package.
# Makes the targets CAF::core and CAF::io.
find_path(CAF_INCLUDE_DIR caf/all.hpp)
find_library(CAF_CORE_LIBRARY caf_core)
find_library(CAF_IO_LIBRARY caf_io)
if(CAF_INCLUDE_DIR)
  file(STRINGS ${CAF_INCLUDE_DIR}/caf/config.hpp caf_version_line
    REGEX "#define CAF_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+$" CAF_VERSION_NUMBER "${caf_version_line}")
  if(CAF_VERSION_NUMBER LESS 1700 OR CAF_VERSION_NUMBER GREATER_EQUAL 1800)
    message(FATAL_ERROR "Petrel needs CAF 0.17 (Debian 12: libcaf-dev), "
      "found ${CAF_VERSION_NUMBER}")
  endif()
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_INCLUDE_DIR
  CAF_CORE_LIBRARY CAF_IO_LIBRARY)
if(CAF_FOUND AND NOT TARGET CAF::core)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES
    IMPORTED_LOCATION ${CAF_CORE_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR}
    # An unregistered message type is otherwise found at run time only.
    INTERFACE_COMPILE_DEFINITIONS CAF_ENABLE_TYPE_ID_CHECKS)
  if(PETREL_SANITIZE)
    # CAF's headers bind null references (init_fun_factory.hpp).
    set_property(TARGET CAF::core PROPERTY INTERFACE_COMPILE_OPTIONS
      -fno-sanitize=null)
  endif()
  add_library(CAF::io UNKNOWN IMPORTED)
  set_target_properties(CAF::io PROPERTIES IMPORTED_LOCATION ${CAF_IO_LIBRARY})
  target_link_libraries(CAF::io INTERFACE CAF::core)
endif()
