# Finds libtorch for the torch runtime: headers, libtorch_cpu and libc10.
#
# Looks in CMAKE_PREFIX_PATH (an unpacked libtorch, a Python torch folder, or
# what torch.utils.cmake_prefix_path prints), then in .deps/libtorch, which
# tools/setup-torch makes. Defines
#   PetrelTorch_FOUND, PetrelTorch_VERSION
#   petrel::torch   imported target: only torch_cpu and c10, system includes

set(_torch_prefixes ${CMAKE_PREFIX_PATH})
if(DEFINED ENV{CMAKE_PREFIX_PATH})
  string(REPLACE ":" ";" _torch_env "$ENV{CMAKE_PREFIX_PATH}")
  list(APPEND _torch_prefixes ${_torch_env})
endif()
list(APPEND _torch_prefixes ${CMAKE_SOURCE_DIR}/.deps/libtorch)

# A folder counts only when it has both halves, so that headers and library
# never come from two versions.
set(PetrelTorch_ROOT "")
foreach(_prefix ${_torch_prefixes})
  foreach(_up "" "/../..")
    if(EXISTS ${_prefix}${_up}/include/torch/script.h
       AND EXISTS ${_prefix}${_up}/lib/libtorch_cpu.so
       AND NOT PetrelTorch_ROOT)
      get_filename_component(PetrelTorch_ROOT ${_prefix}${_up} ABSOLUTE)
    endif()
  endforeach()
endforeach()

set(_version_header ${PetrelTorch_ROOT}/include/torch/headeronly/version.h)
if(NOT EXISTS ${_version_header})
  set(_version_header
    ${PetrelTorch_ROOT}/include/torch/csrc/api/include/torch/version.h)
endif()
if(PetrelTorch_ROOT AND EXISTS ${_version_header})
  set(_parts "")
  foreach(_part MAJOR MINOR PATCH)
    file(STRINGS ${_version_header} _line
      REGEX "define TORCH_VERSION_${_part} [0-9]+")
    string(REGEX MATCH "[0-9]+" _number "${_line}")
    list(APPEND _parts "${_number}")
  endforeach()
  list(JOIN _parts "." PetrelTorch_VERSION)
endif()

include(FindPackageHandleStandardArgs)
set(FPHSA_NAME_MISMATCHED TRUE)
find_package_handle_standard_args(PetrelTorch
  REQUIRED_VARS PetrelTorch_ROOT VERSION_VAR PetrelTorch_VERSION)

if(PetrelTorch_FOUND AND NOT TARGET petrel::torch)
  set(_lib ${PetrelTorch_ROOT}/lib)
  add_library(petrel::c10 SHARED IMPORTED GLOBAL)
  set_target_properties(petrel::c10 PROPERTIES
    IMPORTED_LOCATION ${_lib}/libc10.so)
  add_library(petrel::torch SHARED IMPORTED GLOBAL)
  set_target_properties(petrel::torch PROPERTIES
    IMPORTED_LOCATION ${_lib}/libtorch_cpu.so
    INTERFACE_LINK_LIBRARIES petrel::c10
    # libcudart, libcupti and libgomp beside it; they are its business only.
    INTERFACE_LINK_OPTIONS "LINKER:-rpath-link,${_lib};LINKER:--allow-shlib-undefined")
  target_include_directories(petrel::torch SYSTEM INTERFACE
    ${PetrelTorch_ROOT}/include
    ${PetrelTorch_ROOT}/include/torch/csrc/api/include)
endif()
