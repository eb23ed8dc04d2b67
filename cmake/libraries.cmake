# Debian's libraries. Which folder may include which of them is checked by tests/style/check.py.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Protobuf REQUIRED)

# tideway_archive(target names…): an interface library that links these archives.
function(tideway_archive target)
  add_library(${target} INTERFACE)
  foreach(name IN LISTS ARGN)
    find_library(archive_${name} NAMES lib${name}.a REQUIRED)
    target_link_libraries(${target} INTERFACE ${archive_${name}})
  endforeach()
endfunction()

add_library(tideway_libraries INTERFACE)
target_link_libraries(tideway_libraries INTERFACE
  Boost::headers CLI11::CLI11 nlohmann_json::nlohmann_json Threads::Threads)
target_compile_definitions(tideway_libraries INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_link_options(tideway_libraries INTERFACE -Wl,--as-needed)

# Shared in every build: they load plugins and TLS of their own version.
pkg_check_modules(mariadb REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(nats REQUIRED IMPORTED_TARGET libnats)
target_link_libraries(tideway_libraries INTERFACE PkgConfig::mariadb PkgConfig::nats)

if(TIDEWAY_STATIC)
  # Starting the program then takes a third of the time, most of which the loader needs for
  # RocksDB's relocations. Debian has no archives of fmt and spdlog: their headers do.
  tideway_archive(tideway_rocksdb rocksdb snappy lz4 zstd bz2 z)
  tideway_archive(tideway_xxhash xxhash)
  tideway_archive(tideway_protobuf protobuf)
  target_link_libraries(tideway_rocksdb INTERFACE ${CMAKE_DL_LIBS})
  # Calls of rocksdb::crc32c::Extend go to backend/rocksdb/crc32c.cc.
  target_link_options(tideway_rocksdb INTERFACE -Wl,--wrap=_ZN7rocksdb6crc32c6ExtendEjPKcm)
  target_link_libraries(tideway_libraries INTERFACE fmt::fmt-header-only)
  target_compile_definitions(tideway_libraries INTERFACE SPDLOG_FMT_EXTERNAL)
  target_link_options(tideway_libraries INTERFACE -static-libstdc++ -static-libgcc)
else()
  find_package(RocksDB REQUIRED)
  pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
  add_library(tideway_rocksdb ALIAS RocksDB::rocksdb-shared)
  add_library(tideway_xxhash ALIAS PkgConfig::xxhash)
  add_library(tideway_protobuf ALIAS protobuf::libprotobuf)
  target_link_libraries(tideway_libraries INTERFACE fmt::fmt spdlog::spdlog)
endif()
target_link_libraries(tideway_libraries INTERFACE tideway_rocksdb tideway_xxhash)

if(TIDEWAY_JEMALLOC)
  # The archive: calls to malloc inside the server then need no jump through a table.
  tideway_archive(tideway_jemalloc jemalloc)
  target_link_libraries(tideway_jemalloc INTERFACE ${CMAKE_DL_LIBS})
endif()
