include(${CMAKE_CURRENT_LIST_DIR}/petrel-sdk-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/petrel_function.cmake)
