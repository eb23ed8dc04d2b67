# bench/main.cc and the folders below bench/ make one program, which drives whole servers side by
# side (started by bench/run.sh). Every bench/x_bench.cc is a Google Benchmark program of its own.

find_package(benchmark REQUIRED)

# tideway_add_bench(name sources…)
function(tideway_add_bench name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE tideway_core tideway_program)
  if(TIDEWAY_JEMALLOC)
    target_link_libraries(${name} PRIVATE tideway_jemalloc)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()

file(GLOB_RECURSE side_by_side CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.cc)
set(micro ${side_by_side})
list(FILTER side_by_side EXCLUDE REGEX "_bench\\.cc$")
list(FILTER micro INCLUDE REGEX "_bench\\.cc$")
if(side_by_side)
  tideway_add_bench(side_by_side ${side_by_side})
endif()
foreach(source IN LISTS micro)
  get_filename_component(name ${source} NAME_WE)
  tideway_add_bench(${name} ${source})
  target_link_libraries(${name} PRIVATE benchmark::benchmark_main)
endforeach()
