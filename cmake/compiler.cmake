# Language level, warnings, sanitizers, linker and compiler cache, for every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(tideway_flags INTERFACE)
target_compile_options(tideway_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -fno-omit-frame-pointer
  # No path of the building machine in the binary, and cache hits across checkouts.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # At -O3, GCC 12 sees overlaps and overruns in plain uses of std::string (bugs 105329, 105651).
  target_compile_options(tideway_flags INTERFACE
    -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # C++14's sized delete, which g++ has without being asked.
  target_compile_options(tideway_flags INTERFACE -fsized-deallocation)
endif()
if(TIDEWAY_WERROR)
  target_compile_options(tideway_flags INTERFACE -Werror)
endif()

if(TIDEWAY_SANITIZE)
  target_compile_options(tideway_flags INTERFACE
    -fsanitize=${TIDEWAY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tideway_flags INTERFACE -fsanitize=${TIDEWAY_SANITIZE})
endif()

# What every program links beside the library: with a sanitizer, that sanitizer's settings.
add_library(tideway_program INTERFACE)
if(TIDEWAY_SANITIZE)
  add_library(tideway_sanitizer OBJECT ${CMAKE_SOURCE_DIR}/cmake/sanitizer_settings.cc)
  target_link_libraries(tideway_sanitizer PRIVATE tideway_flags)
  target_link_libraries(tideway_program INTERFACE tideway_sanitizer
    $<TARGET_OBJECTS:tideway_sanitizer>)
endif()

find_program(TIDEWAY_MOLD mold)
find_program(TIDEWAY_LLD NAMES ld.lld ld.lld-14)
if(TIDEWAY_MOLD)
  target_link_options(tideway_flags INTERFACE -fuse-ld=mold)
elseif(TIDEWAY_LLD)
  target_link_options(tideway_flags INTERFACE -fuse-ld=lld)
endif()

find_program(TIDEWAY_CCACHE ccache)
if(TIDEWAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for when headers are precompiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${TIDEWAY_CCACHE})
  if(TIDEWAY_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tideway_flags INTERFACE -fpch-preprocess)
  elseif(TIDEWAY_PCH)
    target_compile_options(tideway_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

# tideway_precompile(target header): precompiles a header of this repository for the target.
function(tideway_precompile target header)
  if(TIDEWAY_PCH)
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/${header})
  endif()
endfunction()
