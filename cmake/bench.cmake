# Every bench/x_bench.cc is a Google Benchmark program of its own; other bench/*.cc are plain
# programs. Scripts that drive whole servers live beside them.

find_package(benchmark REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)

file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.cc)
foreach(source IN LISTS bench_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE tideway_core tideway_program PkgConfig::hiredis)
  if(name MATCHES "_bench$")
    target_link_libraries(${name} PRIVATE benchmark::benchmark_main)
  endif()
  if(TIDEWAY_JEMALLOC)
    target_link_libraries(${name} PRIVATE tideway_jemalloc)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endforeach()
