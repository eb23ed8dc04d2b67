# bench/main.cc and the folders below bench/ make one program, which drives whole servers side by
# side (started by bench/run.sh). Every bench/x_bench.cc is a Google Benchmark program of its own.

find_package(benchmark REQUIRED)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)

file(GLOB_RECURSE side_by_side CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.cc)
set(micro ${side_by_side})
list(FILTER side_by_side EXCLUDE REGEX "_bench\\.cc$|/bench/(tidb|bus)/")
list(FILTER micro INCLUDE REGEX "_bench\\.cc$")
# It knows the servers from outside only, so it links nothing of tideway.
add_executable(side_by_side ${side_by_side})
target_include_directories(side_by_side PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(side_by_side PRIVATE
  tideway_flags fmt::fmt CLI11::CLI11 nlohmann_json::nlohmann_json)

# The same over a real TiDB, started by bench/tidb/run.sh.
file(GLOB tidb_side_by_side CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/tidb/*.cc)
pkg_check_modules(bench_hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(bench_mariadb REQUIRED IMPORTED_TARGET libmariadb)
add_executable(tidb_side_by_side ${tidb_side_by_side})
target_include_directories(tidb_side_by_side PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(tidb_side_by_side PRIVATE
  tideway_flags fmt::fmt PkgConfig::bench_hiredis PkgConfig::bench_mariadb)

# Load on the nodes of a bus, and bare NATS clients beside; driven by bench/bus/run.py.
pkg_check_modules(bench_nats REQUIRED IMPORTED_TARGET libnats)
add_executable(bus_load bench/bus/load.cc bench/bus/results.cc bench/load/client.cc
  bench/load/fan_out.cc bench/load/poller.cc bench/load/workload.cc bench/host/process.cc)
add_executable(bus_bare bench/bus/bare.cc bench/bus/results.cc)
foreach(program bus_load bus_bare)
  target_include_directories(${program} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${program} PRIVATE tideway_flags fmt::fmt)
endforeach()
target_link_libraries(bus_bare PRIVATE PkgConfig::bench_nats)

foreach(source IN LISTS micro)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE tideway_core tideway_program benchmark::benchmark_main)
  if(TIDEWAY_JEMALLOC)
    target_link_libraries(${name} PRIVATE tideway_jemalloc)
  endif()
endforeach()
unset(CMAKE_RUNTIME_OUTPUT_DIRECTORY)
