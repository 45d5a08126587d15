# Finds the CUDA compiler for the torch runtime's CUDA piece: nvcc, the headers
# of the CUDA runtime, and libcudart. No GPU and no CUDA build of libtorch.
#
# Looks in PETREL_CUDA_ROOT, in .deps/cuda, which tools/setup-cuda makes, then
# on the PATH and in /usr/local/cuda. Defines
#   PetrelCuda_FOUND, PetrelCuda_NVCC, PetrelCuda_INCLUDE
#   petrel::cudart   imported target

find_program(PetrelCuda_NVCC nvcc
  HINTS ${PETREL_CUDA_ROOT}/bin ${CMAKE_SOURCE_DIR}/.deps/cuda/bin
  PATHS /usr/local/cuda/bin NO_CACHE)
if(PetrelCuda_NVCC)
  get_filename_component(_cuda_root ${PetrelCuda_NVCC} DIRECTORY)
  get_filename_component(_cuda_root ${_cuda_root}/.. ABSOLUTE)
  set(PetrelCuda_INCLUDE ${_cuda_root}/include)
  find_file(PetrelCuda_LIBRARY libcudart.so.13 NO_CACHE
    PATHS ${_cuda_root}/lib ${_cuda_root}/lib64 NO_DEFAULT_PATH)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PetrelCuda
  REQUIRED_VARS PetrelCuda_NVCC PetrelCuda_INCLUDE PetrelCuda_LIBRARY)

if(PetrelCuda_FOUND AND NOT TARGET petrel::cudart)
  add_library(petrel::cudart SHARED IMPORTED GLOBAL)
  set_target_properties(petrel::cudart PROPERTIES
    IMPORTED_LOCATION ${PetrelCuda_LIBRARY})
  target_include_directories(petrel::cudart SYSTEM INTERFACE
    ${PetrelCuda_INCLUDE})
endif()
